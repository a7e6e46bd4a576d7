"""Files of any bytes read in any encoding give rows or FileRefused. Cookies of any text are signed out."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.order_import.errors import FileRefused
from webapp.order_import.orders_file import OrdersFile

from ..support.fuzzing import BYTES, TEXTS, fuzzed

ENCODINGS = (
    "auto",
    "utf-8",
    "cp1252",
    "latin-1",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "utf-7",
    "shift_jis",
    "ascii",
    "idna",
    "x",
)
CELLS = st.text(st.sampled_from('ab,;\t"\r\n =+-@\0\ufeffé'), max_size=60)
ROWS = st.lists(st.sampled_from(["", "number", "total", "2026-01-02", "sep=;", "1,5", "é", "Report"]), max_size=5)
TABLES = st.lists(ROWS).map(lambda rows: "\n".join(map(";".join, rows)).encode())
CONTENTS = TABLES | BYTES | CELLS.map(str.encode) | CELLS.map(lambda text: text.encode("utf-16"))


@fuzzed
@given(CONTENTS, st.sampled_from(ENCODINGS), st.none() | st.text(max_size=2), st.none() | st.integers(-1, 60))
@example(b"\xff\xfe", "utf-16", None, None)
@example(b"PK\x03\x04", "utf-8", None, None)
@example(b"a" * 200_000, "utf-8", None, None)
@example(b"number,customer\n" + b"a" * 200_000, "utf-8", ",", None)
@example(b"sep=;", "auto", None, None)
@example(b"Report\n" * 60 + b"number;total\n", "auto", None, 61)
def test_a_file_gives_rows_or_is_refused(
    tmp_path: Path, content: bytes, encoding: str, delimiter: str | None, header_line: int | None
) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    try:
        file = OrdersFile.open(path, encoding, delimiter, header_line)
        lines = [line for line, _cells in file.rows()]
    except FileRefused:
        return
    assert lines == sorted(lines)


@fuzzed
@given(TEXTS | st.tuples(TEXTS, st.sampled_from([".", ";", "=", '"', ".."]), TEXTS).map("".join))
@example("eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbb")
@example(".eJw.aaaaaa.bbbbbb")
def test_a_cookie_of_any_text_is_signed_out(app: Flask, text: str) -> None:
    cookie = text.replace("\n", "").replace("\r", "").encode("latin-1", "replace").decode("latin-1")
    for path in ("/", "/stream", "/panels/revenue"):
        response = app.test_client().get(path, headers={"Cookie": f"session={cookie}"})
        assert response.status_code in (303, 401)
