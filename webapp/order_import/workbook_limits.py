"""Limits of workbooks, checked before a library reads them: sizes after decompression, and forms that no program writes.

A small archive can unpack to gigabytes, in one row of millions of cells or by entities of XML. Every part is decompressed here
once, in chunks, and each stretch of a large part must end a row or a string.
"""

from __future__ import annotations

import codecs
import re
import zipfile
import zlib
from pathlib import Path

from ..language import gettext as _
from .errors import FileRefused

MAX_BYTES = 2 << 30
MAX_PART_BYTES = 1 << 30
# Strings are held in memory.
MAX_STRINGS_BYTES = 128 << 20
MAX_PARTS = 10_000
# Of a part without rows or strings, and of one row or string in the others.
MAX_STRETCH_BYTES = 8 << 20
CHUNK_BYTES = 1 << 20
_END = re.compile(rb"</(?:[A-Za-z0-9]+:)?(?:row|si)>")
_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]*encoding=[\"'](?!utf-8[\"'])", re.IGNORECASE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0<")
# More than the longest text that is searched for.
_OVERLAP = 32


def check(path: Path) -> None:
    """Raises FileRefused when the workbook is too large, damaged, or not made by a spreadsheet program."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_BYTES:
                raise _refused(path, _("it has too many parts, or more than 2 GB when unpacked"))
            for part in parts:
                _check_part(path, archive, part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, RuntimeError, EOFError, OSError) as error:
        raise _refused(path, _("it is damaged: %(error)s", error=error)) from error


def _check_part(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    limit = MAX_STRINGS_BYTES if part.filename.lower().endswith("sharedstrings.xml") else MAX_PART_BYTES
    if part.file_size > limit:
        raise _refused(
            path,
            _(
                "its part %(filename)s has more than %(limit)s MB when unpacked",
                filename=part.filename,
                limit=f"{limit >> 20:,}",
            ),
        )
    stretch, tail = 0, b""
    # zipfile never reads more than the size that was checked.
    with archive.open(part) as content:
        while chunk := content.read(CHUNK_BYTES):
            if not tail and not _begins_as_xml(chunk):
                # Pictures and macros are not opened.
                return
            text = tail + chunk
            is_odd = not tail and _DECLARED.match(chunk.removeprefix(codecs.BOM_UTF8))
            if b"\0" in chunk or is_odd or _FORBIDDEN.search(text):
                raise _refused(
                    path, _("its part %(filename)s has XML that no spreadsheet program writes", filename=part.filename)
                )
            ends = list(_END.finditer(text))
            stretch = len(text) - ends[-1].end() if ends else stretch + len(chunk)
            is_large = part.file_size > MAX_STRETCH_BYTES
            if is_large and (stretch > MAX_STRETCH_BYTES or b"<!" in text):
                raise _refused(
                    path, _("its part %(filename)s has a row or a list of more than 8 MB", filename=part.filename)
                )
            tail = text[-_OVERLAP:]


def _begins_as_xml(chunk: bytes) -> bool:
    # XML may be in UTF-16, which the zeros in it show.
    return chunk.startswith(_UTF_16) or chunk.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n").startswith(b"<")


def _refused(path: Path, reason: str) -> FileRefused:
    return FileRefused(
        _(
            "%(path)s is an Excel workbook that cannot be read: %(reason)s. Open it, and save the sheet of "
            "orders as CSV UTF-8.",
            path=path,
            reason=reason,
        )
    )
