"""The export of a person or a customer: a ZIP file, written piece by piece, with a JSON file per table and a README.

Each page of rows is a transaction of its own, so no connection is held while the client reads.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import psycopg

from ..uploads import store
from ..uploads.upload import Upload
from . import files, records, sweep, tables
from .export_readme import readme
from .records import Search
from .subjects import Subject
from .tables import Table

T = TypeVar("T")
# Runs a function with a connection, and ends its transaction.
Read = Callable[[Callable[[psycopg.Connection[Any]], T]], T]


class _Pipe(io.RawIOBase):
    """The bytes that the ZIP file has written since the last `take`. It cannot seek, so sizes stand behind the data."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


class Export:
    """The file as pieces. `rows` are the exported rows by table, complete after the last piece."""

    def __init__(self, read: Read[Any], subject: Subject) -> None:
        self.subject, self.rows = subject, dict[str, int]()
        self._read = read
        self._search: Search = read(lambda conn: Search.of(conn, subject))
        self._pipe = _Pipe()

    @property
    def file_name(self) -> str:
        kind = "person" if self.subject.is_user else "customer"
        return f"doorbell-{kind}-{datetime.now(UTC):%Y-%m-%d}.zip"

    def pieces(self) -> Iterator[bytes]:
        with zipfile.ZipFile(self._pipe, "w", zipfile.ZIP_DEFLATED) as archive:
            self._tables = self._read(records.exported)
            for root in dict.fromkeys(table.root for table in self._tables):
                yield from self._table(archive, root)
            yield from self._files(archive)
            archive.writestr("README.txt", readme(self.subject, self.rows, datetime.now(UTC)))
        yield self._pipe.take()

    def _table(self, archive: zipfile.ZipFile, root: str) -> Iterator[bytes]:
        """A JSON array with a row per line. A table without rows of the subject has no file."""
        pages = self._pages(root)
        first = next(pages, None)
        if first is None:
            return
        with archive.open(f"{root}.json", "w", force_zip64=True) as entry:
            entry.write(b"[\n" + _row(first))
            count = 1
            for row in pages:
                entry.write(b",\n" + _row(row))
                count += 1
                if piece := self._pipe.take():
                    yield piece
            entry.write(b"\n]\n")
        self.rows[root] = count
        yield self._pipe.take()

    def _pages(self, root: str) -> Iterator[dict[str, Any]]:
        for table in [table for table in self._tables if table.root == root]:
            first, blocks = 0, self._read(partial(_blocks, table))
            while first < blocks:
                yield from self._read(partial(_page, self._search, table, first))
                first += sweep.PAGE_BLOCKS

    def _files(self, archive: zipfile.ZipFile) -> Iterator[bytes]:
        """The lines of uploaded files that name the subject. The other lines are of other people."""
        for upload in self._read(partial(store.newest, tenant_id=self.subject.tenant_id)):
            found = self._read(partial(_lines, self._search, upload))
            if found:
                self.rows["uploaded files"] = self.rows.get("uploaded files", 0) + len(found)
                archive.writestr(f"uploaded_files/{upload.id}.txt", "\n".join(found) + "\n")
                yield self._pipe.take()


def _blocks(table: Table, conn: psycopg.Connection[Any]) -> int:
    return tables.blocks(conn, table)


def _page(search: Search, table: Table, first: int, conn: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    return list(records.page(conn, search, table, first))


def _lines(search: Search, upload: Upload, conn: psycopg.Connection[Any]) -> list[str]:
    found: list[str] = []
    for kind in (store.FILE, store.REPORT):
        with tempfile.TemporaryFile() as file:
            for content in store.chunks(conn, upload, kind):
                file.write(content)
            try:
                found += files.lines(file, search.names)
            except files.BROKEN:
                found.append(f"The file {upload.name} cannot be read.")
    return found


def _row(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=str).encode()
