"""Files that are not CSV, recognised by their first bytes, with advice on how to make a CSV file of each."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

HEAD_BYTES = 512
_BINARY = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls)",
        "open it and save it as CSV UTF-8",
    ),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first (gunzip)"),
    (b"BZh", "compressed with bzip2", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ\x00", "compressed with xz", "unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"%PDF-", "a PDF", "export the orders as CSV instead"),
    (b"SQLite format 3\x00", "an SQLite database", "export the orders table as CSV instead"),
    (b"PAR1", "a Parquet file", "export it as CSV"),
)
_ZIP = b"PK\x03\x04"
_JSON = re.compile(rb"\{\s*(?:\"|\}|$)|\[\s*(?:[{\[\]\"]|-?[0-9]|$)")
_HTML = re.compile(rb"<(?:!doctype html|html|head|body|meta|table|style|script)\b", re.IGNORECASE)
_XML = re.compile(rb"<(?:\?xml|!DOCTYPE|!--|[A-Za-z][\w:.-]*(?:\s[^<>]*)?>\s*(?:<|$))")


def describe(path: Path) -> str | None:
    """The type of the file and what to do, such as `a PDF: export the orders as CSV instead`. None if it may be CSV.

    Raises OSError.
    """
    with path.open("rb") as raw:
        head = raw.read(HEAD_BYTES)
    for begins, what, advice in _BINARY:
        if head.startswith(begins):
            return f"{what}: {advice}"
    if head.startswith(_ZIP):
        return _zip(path)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(text):
        return "an HTML page, which some shops export as .xls: open it in a spreadsheet and save it as CSV UTF-8"
    if _XML.match(text):
        return "XML: export the orders as CSV instead"
    if _JSON.match(text):
        return "JSON: export the orders as CSV instead"
    return None


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        names = []
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook (.xlsx): open it and save it as CSV UTF-8"
    if "content.xml" in names:
        return "a LibreOffice spreadsheet (.ods): open it and save it as CSV UTF-8"
    return "a ZIP archive: unpack it first"
