"""`flask orders import` of Excel workbooks: sheets, cells of numbers and dates, and workbooks that are refused."""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.order_import import decimal_mark, workbook, workbook_limits
from webapp.order_import.errors import FileRefused
from webapp.order_import.orders_file import OrdersFile

from ..support.fuzzing import fuzzed
from ..support.imports import Importer

HEADER = ["number", "customer", "placed at", "total"]


@pytest.fixture
def books(importer: Importer) -> Importer:
    importer.path = importer.folder / "orders.xlsx"
    importer.tenant()
    return importer


def save(path: Path, **sheets: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)


def repacked(path: Path, changes: dict[str, bytes]) -> None:
    """The archive with other contents of some of its parts."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_numbers_dates_and_texts_of_cells_are_read(books: Importer) -> None:
    at = datetime(2026, 11, 20, 14, 5)
    save(books.path, Orders=[
        HEADER, ["00123", "Ada", at, 1234.5], [124, "Bo", date(2026, 11, 20), 12], ["125", "Cy", "2026-11-20 14:05", "$12.50"],
        [], ["126", "Di", at, 0.1 + 0.2], ["127", "Ed", at, None],
    ])  # fmt: skip
    result = books.run()
    assert result.exit_code == 1, result.output
    assert "read as    Excel workbook, sheet 'Orders'; decimal point" in result.output
    assert books.orders("number", "total_minor") == [("00123", 123450), ("124", 1200), ("126", 30)]
    assert books.orders("placed_at")[:2] == [
        (datetime(2026, 11, 20, 13, 5, tzinfo=UTC),),
        (datetime(2026, 11, 19, 23, tzinfo=UTC),),
    ]
    report = books.folder / "orders.xlsx.rejected.csv"
    rejected = list(csv.DictReader(io.StringIO(report.read_text("utf-8-sig"))))
    assert [(row["rejected_line"], row["total"]) for row in rejected] == [("4", "$12.50"), ("7", "")]
    save(books.path, Orders=[HEADER, ["00123", "Ada", at, 1234.5]])
    assert books.run().exit_code == 0
    assert not report.exists()


def test_a_text_with_two_meanings_below_the_first_rows_of_numbers_is_rejected(
    books: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decimal_mark, "MAX_ROWS_OF_WORKBOOK", 3)
    day = date(2026, 11, 20)
    rows = [[f"A{row}", "Ada", day, 12.5] for row in range(3)]
    save(books.path, Orders=[HEADER, *rows, ["B1", "Bo", day, "1,234"], ["B2", "Bo", day, "1,50"]])
    result = books.run()
    assert result.exit_code == 1, result.output
    assert "use --decimal point or --decimal comma" in result.output
    assert sum(total for (total,) in books.orders("total_minor")) == 1250 * len(rows) + 150


def test_numbers_keep_their_value_beside_texts_with_a_comma(books: Importer) -> None:
    header = ["number", "customer", "placed at", "product", "quantity", "unit price"]
    save(books.path, Orders=[header, ["1", "Ada", date(2026, 11, 20), "Tea", 1.125, "1.234,50"]])
    result = books.run()
    assert result.exit_code == 0, result.output
    assert "decimal comma" in result.output
    assert [line[4:] for line in books.lines()] == [(1.125, 123450, 138881)]


def test_the_first_visible_sheet_with_a_known_header_is_read(books: Importer) -> None:
    rows: list[list[Any]] = [HEADER, ["1", "Ada", date(2026, 11, 20), 5]]
    save(books.path, Notes=[["Read me"], ["printed", "today"]], Hidden=rows, Orders=[["Orders"], [], *rows], More=rows)
    book = openpyxl.load_workbook(books.path)
    book["Hidden"].sheet_state = "hidden"
    book.save(books.path)
    result = books.run()
    assert result.exit_code == 0, result.output
    assert "sheet 'Orders', header on line 3" in result.output


def test_the_option_names_the_sheet(books: Importer) -> None:
    save(
        books.path,
        Orders=[HEADER, ["1", "Ada", date(2026, 11, 20), 5]],
        Second=[HEADER, ["2", "Bo", date(2026, 11, 20), 5]],
    )
    assert books.run("--sheet", "Second").exit_code == 0
    assert books.orders("number") == [("2",)]
    result = books.run("--sheet", "Third")
    assert result.exit_code == 2
    assert "has no sheet 'Third'; it has Orders, Second." in result.output


def test_a_short_row_and_a_wide_sheet_are_read(books: Importer) -> None:
    save(
        books.path,
        Orders=[[*HEADER, "sku", None, None], ["1", "Ada", date(2026, 11, 20), 5], ["2", "Bo", date(2026, 11, 20)]],
    )
    result = books.run()
    assert result.exit_code == 1, result.output
    assert books.orders("number") == [("1",)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>", "cannot be read"),
        ("xl/worksheets/sheet1.xml", b"not XML", "cannot be read"),
        ("xl/workbook.xml", b"<workbook/>", "has no rows in its visible sheets"),
        ("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>', "XML that no spreadsheet program writes"),
        ("xl/workbook.xml", "<workbook/>".encode("utf-16"), "XML that no spreadsheet program writes"),
        ("xl/workbook.xml", "<workbook/>".encode("utf-16-be"), "XML that no spreadsheet program writes"),
        ("xl/workbook.xml", b'<?xml version="1.0" encoding="cp037"?><workbook/>', "XML that no spreadsheet program writes"),
        ("xl/styles.xml", b"<styleSheet>" + b"<xf/>" * 2_000_000, "a row or a list of more than 8 MB"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>" + b"<c><v>1</v></c>" * 700_000, "more than 8 MB"),
        ("xl/sharedStrings.xml", b"<sst>" + b"<si></si>" * 16_000_000, "has more than 128 MB when unpacked"),
    ],
)  # fmt: skip
def test_a_damaged_or_hostile_workbook_is_refused(books: Importer, name: str, content: bytes, reason: str) -> None:
    save(books.path, Orders=[HEADER, ["1", "Ada", date(2026, 11, 20), 5]])
    assert books.run("--dry-run").exit_code == 0, "the workbook is whole before"
    repacked(books.path, {name: content})
    result = books.run()
    assert (result.exit_code, books.orders()) == (2, []), result.output
    assert reason in result.output
    assert "CSV UTF-8" in result.output
    assert "Traceback" not in result.output


def test_a_row_number_far_below_does_not_read_for_ever(books: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_ROWS", 10_000)
    save(books.path, Orders=[HEADER, ["1", "Ada", date(2026, 11, 20), 5]])
    cell = b'<c r="A999999999" t="inlineStr"><is><t>2</t></is></c>'
    head = b'<c r="A1" t="inlineStr"><is><t>number</t></is></c><c r="B1" t="inlineStr"><is><t>customer</t></is></c>'
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">' + head
    )
    repacked(
        books.path,
        {"xl/worksheets/sheet1.xml": sheet + b'</row><row r="999999999">' + cell + b"</row></sheetData></worksheet>"},
    )
    result = books.run()
    assert (result.exit_code, "has more than 10,000 rows" in result.output) == (2, True), result.output


def test_a_large_archive_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_limits, "MAX_BYTES", 1000)
    save(tmp_path / "orders.xlsx", Orders=[HEADER])
    with pytest.raises(FileRefused, match="more than 2 GB when unpacked"):
        OrdersFile.open(tmp_path / "orders.xlsx")


def test_a_missing_library_is_named_with_its_command(books: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    save(books.path, Orders=[HEADER])
    # An import of a module that is None raises ImportError.
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    result = books.run()
    assert result.exit_code == 2
    assert "Run: pip install -r requirements/xlsx.txt, or save the sheet of orders as CSV UTF-8" in result.output


CELLS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.dates() | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8
)  # fmt: skip


# An example writes a workbook and reads two, which takes 30 times as long as one of another parser.
@settings(fuzzed, max_examples=100)
@given(
    st.lists(st.lists(CELLS | st.timedeltas(timedelta(0), timedelta(1)), max_size=4), max_size=4),
    st.binary(max_size=40),
    st.integers(0, 6_000),
)
def test_a_workbook_gives_rows_of_texts_or_is_refused(
    tmp_path: Path, rows: list[list[Any]], junk: bytes, place: int
) -> None:
    path = tmp_path / "orders.xlsx"
    save(path, Orders=rows)
    whole = path.read_bytes()
    for content in (whole, whole[:place] + junk + whole[place + len(junk) :]):
        path.write_bytes(content)
        try:
            found = list(OrdersFile.open(path).rows())
        except FileRefused:
            continue
        assert all(isinstance(cell, str) for _line, cells in found for cell in cells)
