"""Uploaded files with orders, and their reports: searched for a name in any encoding, also inside of workbooks.

A file with the name is removed whole, with its report and its preview: its other orders are on the board already, and the
company has the file. A file that cannot be read is removed too.
"""

from __future__ import annotations

import codecs
import html
import re
import tempfile
import zipfile
from collections.abc import Iterator
from enum import Enum
from typing import IO, Any

import psycopg

from ..uploads import jobs, store
from ..uploads.upload import Upload
from .names import Names

PIECE_BYTES = 262_144
# Of one file inside of a workbook, unpacked.
MAX_MEMBER_BYTES = 2_000_000_000
# A name that stands on the border of two pieces is in the second one too.
OVERLAP_CHARS = 2_000
_ENDS_OF_CELLS = re.compile(r"</(?:\w+:)?(?:si|c|row|is|p)>")
_TAGS = re.compile(r"<[^>]*>")
BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)
_SEPARATORS = re.compile(r'[;,\t|"]+')


class Searched(Enum):
    """The result of `erase_next` for the next upload. ALL means that no upload is left to search."""

    KEPT = "kept"
    REMOVED = "removed"
    BUSY = "busy"
    ALL = "all"


def erase_next(conn: psycopg.Connection[Any], tenant_id: int, names: Names, seen: dict[str, str]) -> Searched:
    """Search the next upload, and remove it if it has the name. BUSY: it has a job, which is asked to end.

    `seen` has the uploads that were searched, with their state then; it is brought up to date.
    """
    for upload in store.newest(conn, tenant_id):
        if seen.get(str(upload.id)) == _state(upload):
            continue
        if not contains(conn, upload, names):
            seen[str(upload.id)] = _state(upload)
            return Searched.KEPT
        if store.remove(conn, upload):
            return Searched.REMOVED
        jobs.cancel(conn, upload)
        return Searched.BUSY
    return Searched.ALL


def remaining(conn: psycopg.Connection[Any], tenant_id: int, names: Names, seen: dict[str, str]) -> bool:
    """Whether an upload that has arrived or changed since it was searched has the name."""
    changed = (upload for upload in store.newest(conn, tenant_id) if seen.get(str(upload.id)) != _state(upload))
    return any(contains(conn, upload, names) for upload in changed)


def _state(upload: Upload) -> str:
    return f"{upload.version} {upload.fence} {upload.state} {upload.size_bytes} {upload.report_bytes}"


def contains(conn: psycopg.Connection[Any], upload: Upload, names: Names) -> bool:
    """Whether the file or its report has a name of the subject. The text around the file is searched by the sweep."""
    for kind in (store.FILE, store.REPORT):
        with tempfile.TemporaryFile() as file:
            for content in store.chunks(conn, upload, kind):
                file.write(content)
            try:
                if any(names.expression().search(text) for text in texts(file)):
                    return True
            except BROKEN:
                return True
    return False


def texts(file: IO[bytes]) -> Iterator[str]:
    """The text of a file in overlapping pieces, once per encoding that it may have. Cells are separated by spaces."""
    file.seek(0)
    head = file.read(4096)
    if head.startswith(b"PK"):
        yield from _of_workbook(file)
        return
    for encoding in _encodings(head):
        file.seek(0)
        try:
            yield from (_SEPARATORS.sub(" ", text) for text in _decoded(file, encoding, "strict"))
        except UnicodeDecodeError:
            # No encoding of one byte per letter has bytes that it forbids, but for a few of cp1252.
            file.seek(0)
            yield from (_SEPARATORS.sub(" ", text) for text in _decoded(file, encoding))
            continue
        if encoding == "utf-8":
            return


def lines(file: IO[bytes], names: Names) -> Iterator[str]:
    """The lines of a file that have the name, in the first encoding in which one has."""
    file.seek(0)
    head = file.read(4096)
    if head.startswith(b"PK"):
        rows = (row for text in _of_workbook(file) for row in text.splitlines())
        yield from sorted({row for row in rows if names.expression().search(row)})
        return
    for encoding in _encodings(head):
        file.seek(0)
        found_any = False
        for line in codecs.getreader(encoding)(file, "replace"):
            if names.expression().search(_SEPARATORS.sub(" ", line)):
                found_any = True
                yield line.rstrip("\r\n")
        if found_any:
            return


def _encodings(head: bytes) -> tuple[str, ...]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if b"\0" in head:
        return ("utf-16-le", "utf-16-be")
    return ("utf-8", "cp1252", "cp850", "iso8859-15")


def _decoded(file: IO[bytes], encoding: str, errors: str = "replace") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    rest = ""
    while piece := file.read(PIECE_BYTES):
        text = rest + decoder.decode(piece)
        yield text
        rest = text[-OVERLAP_CHARS:]


def _of_workbook(file: IO[bytes]) -> Iterator[str]:
    """The texts of the parts of a workbook. Raises the errors of BROKEN."""
    with zipfile.ZipFile(file) as book:
        for member in book.infolist():
            if member.file_size > MAX_MEMBER_BYTES:
                raise zipfile.BadZipFile(f"{member.filename} has {member.file_size} bytes")
            with book.open(member) as part:
                yield from (_cells(text) for text in _decoded(part, "utf-8"))


def _cells(xml: str) -> str:
    return html.unescape(_TAGS.sub("", _ENDS_OF_CELLS.sub("\n", xml)))
