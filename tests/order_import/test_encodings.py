"""The encoding of a file is detected and shown, or the file is refused with the option."""

from __future__ import annotations

import pytest

from ..support.imports import HEADER, Importer

GOOD = "A1,Toms Spezialitäten,2026-01-02,5.00"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("cp1252", "Windows-1252"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16 (little endian, without a mark)"),
        ("utf-16-be", "UTF-16 (big endian, without a mark)"),
        ("utf-32", "utf-32"),
    ],
)
def test_an_encoding_is_detected_and_shown(importer: Importer, encoding: str, shown: str) -> None:
    importer.tenant()
    importer.write(GOOD, "A2,Ana,2026-01-02,never", encoding=encoding)
    result = importer.run()
    assert result.exit_code == 1, result.output
    assert f"read as    {shown}, commas; " in result.output
    assert importer.orders("customer") == [("Toms Spezialitäten",)]
    corrected = importer.report.read_text(encoding).replace("never", "7.00")
    importer.path.write_bytes(corrected.encode(encoding))
    assert importer.run().exit_code == 0, "a corrected report is read in the same encoding"
    assert importer.orders("customer") == [("Toms Spezialitäten",), ("Ana",)]


@pytest.mark.parametrize(
    ("encoding", "name"), [("shift_jis", "山田商店"), ("cp1251", "Мария"), ("cp1250", "Zażółć gęślą")]
)
def test_the_option_names_an_encoding_that_is_not_detected(importer: Importer, encoding: str, name: str) -> None:
    importer.tenant()
    importer.write(f"A1,{name},2026-01-02,5.00", encoding=encoding)
    result = importer.run()
    assert (result.exit_code, importer.orders()) == (2, [])
    assert "line 2" in result.output
    assert "--encoding cp125" in result.output
    assert importer.run("--encoding", encoding).exit_code == 0
    assert importer.orders("customer") == [(name,)]


def test_a_utf_8_file_with_a_wrong_byte_is_refused_with_line_and_byte(importer: Importer) -> None:
    importer.tenant()
    importer.path.write_bytes(f"{HEADER}\n{GOOD}\n".encode() + b"A2,M\xfcller,2026-01-02,1.00\n")
    result = importer.run()
    assert (result.exit_code, importer.orders()) == (2, [])
    assert "is UTF-8, but line 3 has the byte 0xFC, which is not valid in it" in result.output


def test_an_encoding_that_does_not_fit_is_refused_with_line_and_byte(importer: Importer) -> None:
    importer.tenant()
    importer.write("A1,Ana,2026-01-02,1.00", GOOD, encoding="cp1252")
    result = importer.run("--encoding", "utf-8")
    assert (result.exit_code, importer.orders()) == (2, [])
    assert "line 3 is not valid utf-8 (byte 0xE4). Omit --encoding to have it detected" in result.output


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_read_as_utf_16_is_refused_with_its_kind(importer: Importer, encoding: str) -> None:
    importer.tenant()
    importer.write(GOOD, encoding=encoding)
    for option in ("utf-16", "cp1252"):
        result = importer.run("--encoding", option)
        assert (result.exit_code, importer.orders()) == (2, [])
        assert f"use --encoding {encoding}." in result.output
    assert importer.run("--encoding", encoding).exit_code == 0
