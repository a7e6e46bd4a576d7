"""Files that are not CSV, recognised by their first bytes, with advice on how to make a CSV file of those not read."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from ..language import N_
from ..language import gettext as _

HEAD_BYTES = 512
_BINARY = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        N_(
            "an old Excel workbook (.xls), or one with a password: open it and save it as CSV UTF-8, "
            "or as .xlsx without a password"
        ),
    ),
    (b"\x1f\x8b", N_("compressed with gzip: unpack it first (gunzip)")),
    (b"BZh", N_("compressed with bzip2: unpack it first (bunzip2)")),
    (b"\xfd7zXZ\x00", N_("compressed with xz: unpack it first (unxz)")),
    (b"\x28\xb5\x2f\xfd", N_("compressed with zstd: unpack it first (unzstd)")),
    (b"7z\xbc\xaf\x27\x1c", N_("a 7-Zip archive: unpack it first")),
    (b"%PDF-", N_("a PDF: export the orders as CSV instead")),
    (b"SQLite format 3\x00", N_("an SQLite database: export the orders table as CSV instead")),
    (b"PAR1", N_("a Parquet file: export it as CSV")),
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
    for begins, what in _BINARY:
        if head.startswith(begins):
            return _(what)
    if head.startswith(_ZIP):
        return _zip(path)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(text):
        return _("an HTML page, which some shops export as .xls: open it in a spreadsheet and save it as CSV UTF-8")
    if _XML.match(text):
        return _("XML: export the orders as CSV instead")
    if _JSON.match(text):
        return _("JSON: export the orders as CSV instead")
    return None


def is_workbook(path: Path) -> bool:
    """Whether the file is an Excel workbook (.xlsx), whole or not. Raises OSError."""
    names = _names(path)
    return any(name.startswith("xl/") for name in names) and "xl/workbook.bin" not in names


def _names(path: Path) -> list[str]:
    """The names of the files in a ZIP archive; none if it is not one, or is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return []


def _zip(path: Path) -> str:
    names = _names(path)
    if "xl/workbook.bin" in names:
        return _("a binary Excel workbook (.xlsb): open it and save it as CSV UTF-8 or .xlsx")
    if "content.xml" in names:
        return _("a LibreOffice spreadsheet (.ods): open it and save it as CSV UTF-8 or .xlsx")
    if "Index/Document.iwa" in names:
        return _("a Numbers spreadsheet: export it as CSV")
    return _("a ZIP archive: unpack it first")
