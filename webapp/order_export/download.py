"""A download of a long list as an iterator of pieces, for a streamed response."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from typing import ClassVar, NoReturn, Protocol

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..concurrency import download_limit
from ..db import db
from ..models import Tenant
from ..observability import logs
from ..observability.incidents import in_a_line
from ..postgres import tenancy
from ..queries.order_cursor import PageCursor

# A client that reads slowly would hold its slot for ever.
MAX_SECONDS = 900.0

log = logs.get("web")


class PagedFile(Protocol):
    """A file that is read page by page. `sent` and `cut_off` are its lines in the log, `rows` is the key of their number."""

    sent: ClassVar[str]
    cut_off: ClassVar[str]
    rows: ClassVar[str]

    @property
    def tenant(self) -> Tenant: ...

    def header(self) -> bytes: ...

    def read(self, before: PageCursor | None) -> tuple[bytes, int, PageCursor | None]:
        """The rows of a page, their number, and the cursor of the next page, None on the last."""


class PagedDownload:
    """The pieces of the file. The constructor reads the first page, so its errors become an ordinary error page.

    A later error cuts the connection, so that the browser reports an incomplete file. `close` gives the slot back; the server
    calls it at the end of the response in any case. No connection to PostgreSQL is held while the client reads.
    """

    def __init__(self, app: Flask, file: PagedFile, give_back: Callable[[], None]) -> None:
        self._app = app
        self._file = file
        self._give_back = give_back
        self._began = time.monotonic()
        self._rows = 0
        self._older: PageCursor | None = None
        try:
            self._pieces = self._following(file.header() + self._page())
        except BaseException:
            give_back()
            raise

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:  # its end, too
            self._give_back()
            raise

    def close(self) -> None:
        self._give_back()

    def _following(self, first: bytes) -> Iterator[bytes]:
        yield first
        while self._older is not None:
            if time.monotonic() - self._began > MAX_SECONDS:
                self._cut_off(f"it took longer than {MAX_SECONDS:.0f} s")
            began = time.perf_counter()
            try:
                piece = self._page()
            except SQLAlchemyError as error:
                self._cut_off(in_a_line(error))
            download_limit.pause(time.perf_counter() - began)
            if piece:  # an empty piece would end a chunked response
                yield piece
        log.info(self._file.sent, **self._facts())

    def _page(self) -> bytes:
        """The next page, in a transaction of its own, with one snapshot for orders and lines."""
        with self._app.app_context():
            tenancy.enter(self._file.tenant.id)
            db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            piece, rows, self._older = self._file.read(self._older)
        self._rows += rows
        return piece

    def _cut_off(self, reason: str) -> NoReturn:
        log.warning(self._file.cut_off, reason=reason, **self._facts())
        raise ConnectionResetError(errno.ECONNRESET, f"the download was cut off: {reason}")

    def _facts(self) -> dict[str, object]:
        seconds = round(time.monotonic() - self._began, 1)
        return {"tenant_id": self._file.tenant.id, self._file.rows: self._rows, "seconds": seconds}
