"""Files that are no CSV, or in no encoding that was said: one clear sentence, exit code 2, and no order."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from ..support.imports import HEADER, Importer

GOOD = "A1,Toms,2026-01-02,5.00"


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            zipped("[Content_Types].xml", "xl/worksheets/sheet1.xml"),
            "is an Excel workbook (.xlsx): open it and save it as CSV",
        ),
        (zipped("mimetype", "content.xml"), "is a spreadsheet of LibreOffice (.ods)"),
        (zipped("orders.csv"), "is a ZIP archive: unpack it first"),
        (b"PK\x03\x04 cut off", "is a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "is an Excel workbook of the old kind (.xls)"),
        (gzip.compress(GOOD.encode()), "is compressed with gzip: unpack it first (gunzip)"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b'{"orders": []}', "is JSON: export the orders as CSV instead"),
        (b"\xef\xbb\xbf[\n  {\n", "is JSON"),
        (b"\n<!DOCTYPE html><html>", "is an HTML page, which some shops export as .xls"),
        (b"<table><tr>", "is an HTML page"),
        (b'<?xml version="1.0"?>', "is XML"),
    ],
    ids=lambda value: value.split()[-1] if isinstance(value, str) else "",
)
def test_another_kind_of_file_is_named_with_what_to_do(importer: Importer, content: bytes, said: str) -> None:
    importer.tenant()
    importer.path.write_bytes(content)
    result = importer.run()
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "header", ["[Number],customer,placed_at,total", "{number},customer,placed_at,total", "<number>,a"]
)
def test_odd_names_of_columns_make_a_csv_file_no_other_kind(importer: Importer, header: str) -> None:
    importer.tenant()
    result = importer.load(GOOD, header=header)
    assert "No column was found" in result.output or result.exit_code == 0


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_named_and_read_when_said(importer: Importer, encoding: str) -> None:
    importer.tenant()
    importer.write(GOOD, encoding=encoding)
    for options in ((), ("--encoding", "utf-16"), ("--encoding", "cp1252")):
        result = importer.run(*options)
        assert (result.exit_code, importer.orders()) == (2, [])
        assert f"say --encoding {encoding}." in result.output
    assert importer.run("--encoding", encoding).exit_code == 0
    assert importer.orders("customer") == [("Toms",)]


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-32", "utf-7", "undefined", "idna", "punycode", "hex", "no such", "mbcs"]
)
def test_no_encoding_that_was_said_is_a_traceback(importer: Importer, encoding: str) -> None:
    importer.tenant()
    importer.path.write_bytes(f"{HEADER}\nA1,To\xff\xfe\x80ms+AGE,2026-01-02,5.00\n".encode("latin-1"))
    result = importer.run("--encoding", encoding)
    assert (result.exit_code, importer.orders()) == (2, [])
    assert result.output.count("\n") <= 3
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_header_longer_than_python_reads_is_refused_in_words(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(GOOD, header="x" * 200_000 + "," + HEADER)
    assert result.exit_code == 2
    assert "The first row must name the columns" in result.output


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n", "\r"])
def test_what_is_no_delimiter_is_refused_in_words(importer: Importer, delimiter: str) -> None:
    importer.tenant()
    result = importer.load(GOOD, options=("--delimiter", delimiter))
    assert (result.exit_code, f"--delimiter {delimiter!r} is not one character" in result.output) == (2, True)
