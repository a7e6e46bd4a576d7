"""Files that are not CSV, or not in the given encoding: one error, exit code 2, and no order."""

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
    ("content", "error"),
    [
        (
            zipped("[Content_Types].xml", "xl/worksheets/sheet1.xml"),
            "open it and save the sheet of orders as CSV UTF-8",
        ),
        (zipped("xl/workbook.bin"), "is a binary Excel workbook (.xlsb): open it and save it as CSV"),
        (zipped("Index/Document.iwa"), "is a Numbers spreadsheet: export it as CSV"),
        (zipped("mimetype", "content.xml"), "is a LibreOffice spreadsheet (.ods)"),
        (zipped("orders.csv"), "is a ZIP archive: unpack it first"),
        (b"PK\x03\x04 cut off", "is a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "is an old Excel workbook (.xls)"),
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
def test_another_file_type_is_an_error_with_advice(importer: Importer, content: bytes, error: str) -> None:
    importer.tenant()
    importer.path.write_bytes(content)
    result = importer.run()
    assert result.exit_code == 2
    assert error in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "header", ["[Number],customer,placed_at,total", "{number},customer,placed_at,total", "<number>,a"]
)
def test_odd_column_names_do_not_change_the_file_type(importer: Importer, header: str) -> None:
    importer.tenant()
    result = importer.load(GOOD, header=header)
    assert "No column was found" in result.output or result.exit_code == 0


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-32", "utf-7", "undefined", "idna", "punycode", "hex", "no such", "mbcs"]
)
def test_a_wrong_encoding_option_is_an_error_without_a_traceback(importer: Importer, encoding: str) -> None:
    importer.tenant()
    importer.path.write_bytes(f"{HEADER}\nA1,To\xff\xfe\x80ms+AGE,2026-01-02,5.00\n".encode("latin-1"))
    result = importer.run("--encoding", encoding)
    assert (result.exit_code, importer.orders()) == (2, [])
    assert result.output.count("\n") <= 3
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_header_that_is_too_long_for_python_is_an_error(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(GOOD, header="x" * 200_000 + "," + HEADER)
    assert result.exit_code == 2
    assert "The first row must name the columns" in result.output


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n", "\r"])
def test_an_invalid_delimiter_is_an_error(importer: Importer, delimiter: str) -> None:
    importer.tenant()
    result = importer.load(GOOD, options=("--delimiter", delimiter))
    assert (result.exit_code, f"--delimiter {delimiter!r} is not one character" in result.output) == (2, True)
