"""The preview of an upload: its columns with samples, and its first orders as the import would place them.

It runs the import's own parsing and checks on the first rows, in temporary tables of a session of its own.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row

from ..order_import.columns import FIELDS, STATUS, Columns, plain
from ..order_import.errors import FileRefused
from ..order_import.orders_file import OrdersFile
from ..order_import.pipeline import Import
from ..order_import.statuses import MAX_WORDS, SeenWord
from ..postgres import session, tenancy
from . import files, store
from .options import import_options
from .upload import Upload
from .words import for_page, without_repeats

MAX_ORDERS = 20
SAMPLE_ROWS = 500
SAMPLE_BYTES = 1_000_000
# Rows in which a column's first value is searched for.
SAMPLES_FROM_ROWS = 50
SAMPLE_MAX_CHARS = 80
_ZIP = b"PK\x03\x04"

_ORDERS = """
SELECT o.number, o.first_line AS line, o.lines, coalesce(o.customer, '') AS customer,
       coalesce(u.name, o.owner_name, o.owner_email) AS owner, o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at,
       o.total_minor, o.refunded_minor,
       EXISTS (SELECT FROM orders x WHERE x.tenant_id = %(tenant)s AND x.number = o.number) AS is_known,
       coalesce((SELECT l.reason FROM import_lines l WHERE l.number = o.number COLLATE "C" AND l.reason IS NOT NULL
                 ORDER BY l.line LIMIT 1), o.reason) AS reason
FROM import_orders o
LEFT JOIN import_owners w ON w.owner_key = o.owner_key
LEFT JOIN users u ON u.tenant_id = %(tenant)s AND u.id = w.owner_id
UNION ALL
SELECT '', line, 0, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, reason FROM import_lines WHERE number IS NULL
ORDER BY line
"""


@dataclass(frozen=True)
class PreviewOrder:
    """An order of the file, or with an empty number a row without one. With a `reason` it would be rejected."""

    number: str
    line: int
    lines: int
    customer: str
    owner: str | None
    placed_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    cancelled_at: datetime | None
    total_minor: int | None
    refunded_minor: int | None
    is_known: bool
    reason: str | None

    @property
    def status(self) -> str:
        """As orders.status is computed."""
        if self.cancelled_at:
            return "cancelled"
        if self.refunded_minor and self.refunded_minor >= (self.total_minor or 0):
            return "refunded"
        return "shipped" if self.shipped_at else "paid" if self.paid_at else "placed"


@dataclass(frozen=True)
class Preview:
    """The file as an import would read it. With a `problem` it is refused; `header` may be known even then.

    `found` are the column indexes of each field, `samples` one value per column. `read_as` is the file's encoding and
    delimiter, `looks_like` the recognised format. `orders_to_place` is known when the sample
    `is_whole`. `words` are those of the status column in the sample.
    """

    problem: str = ""
    header: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    found: Mapping[str, tuple[int, ...]] | None = None
    read_as: str = ""
    looks_like: str = ""
    orders: tuple[PreviewOrder, ...] = ()
    is_whole: bool = False
    orders_to_place: int | None = None
    words: tuple[SeenWord, ...] = ()

    @property
    def has_valid(self) -> bool:
        """Whether one of the shown orders can be placed, or is on the board."""
        return any(not order.reason for order in self.orders)


def read(database_url: str, upload: Upload, tenant_slug: str) -> Preview:
    """The preview, from a session of its own. Raises psycopg.Error."""
    with (
        _session(database_url, upload) as conn,
        files.local_copy(conn, upload, _sample_bytes(conn, upload)) as (path, is_whole),
    ):
        return _read(conn, upload, tenant_slug, path, is_whole)


def header(database_url: str, upload: Upload) -> tuple[str, ...]:
    """The names of the file's columns, () when it cannot be read. Raises psycopg.Error."""
    with (
        _session(database_url, upload) as conn,
        files.local_copy(conn, upload, _sample_bytes(conn, upload)) as (path, _),
    ):
        return _described(upload, path).header


def _session(database_url: str, upload: Upload) -> psycopg.Connection[Any]:
    limits = session.PAGE_LIMITS | tenancy.of_session(upload.tenant_id)
    return session.connect(database_url, "doorbell import preview", autocommit=True, limits=limits)


def _sample_bytes(conn: psycopg.Connection[Any], upload: Upload) -> int | None:
    """A workbook is a ZIP archive, whose list of contents is at its end."""
    return None if (store.chunk(conn, upload, 0) or b"").startswith(_ZIP) else SAMPLE_BYTES


def _read(conn: psycopg.Connection[Any], upload: Upload, tenant_slug: str, path: Path, is_whole: bool) -> Preview:
    described = _described(upload, path)
    try:
        importing = Import(conn, import_options(upload, path, tenant_slug, is_dry_run=True), SAMPLE_ROWS)
    except FileRefused as refused:
        found = _by_name(described.header)
        return replace(described, problem=for_page(str(refused), path, upload.name), found=found)
    described = replace(
        _of_file(importing.file),
        found=_with_status(importing.columns),
        looks_like=importing.format.title if importing.format.header else "",
    )
    try:
        rows = importing.stage(sample=SAMPLE_ROWS if is_whole else _readable(importing.file))
    except FileRefused as refused:
        return replace(described, problem=for_page(str(refused), path, upload.name), words=_words(importing))
    is_whole = is_whole and rows < SAMPLE_ROWS
    orders = _orders(conn, importing.tenant.id, is_whole)
    reasons = without_repeats(_reason(order, path, upload) for order in orders[:MAX_ORDERS])
    shown = tuple(replace(order, reason=reason) for order, reason in zip(orders, reasons, strict=False))
    count = (
        sum(order.number != "" and not order.reason and not order.is_known for order in orders) if is_whole else None
    )
    return replace(described, orders=shown, is_whole=is_whole, orders_to_place=count, words=_words(importing))


def _words(importing: Import) -> tuple[SeenWord, ...]:
    """The words of the status column; none when it has too many to be one."""
    seen = importing.reading.reader.seen()
    return tuple(seen) if len(seen) < MAX_WORDS else ()


def _with_status(columns: Columns) -> dict[str, tuple[int, ...]]:
    return dict(columns.found) | ({STATUS: (min(columns.statuses),)} if columns.statuses else {})


def _by_name(header: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The columns with usual names, for a header that lacks others."""
    indexes = {plain(name): index for index, name in reversed(list(enumerate(header)))}
    names = {field: [plain(name) for name in usual if plain(name) in indexes] for field, usual in FIELDS.items()}
    return {field: (indexes[found[0]],) for field, found in names.items() if found}


def _readable(file: OrdersFile) -> int:
    """The number of rows to read: a sample may end in the middle of one."""
    count = 0
    with contextlib.suppress(FileRefused):
        for _ in itertools.islice(file.rows(), SAMPLE_ROWS):
            count += 1
    return count


def _orders(conn: psycopg.Connection[Any], tenant_id: int, is_whole: bool) -> list[PreviewOrder]:
    with conn.cursor(row_factory=class_row(PreviewOrder)) as cursor:
        found = cursor.execute(_ORDERS, {"tenant": tenant_id}).fetchall()
    # The last order may have more rows behind the sample.
    return found if is_whole or len(found) == 1 else found[:-1]


def _reason(order: PreviewOrder, path: Path, upload: Upload) -> str | None:
    return for_page(order.reason, path, upload.name) if order.reason else None


def _described(upload: Upload, path: Path) -> Preview:
    """The file without its orders; empty when it cannot be read at all."""
    options = import_options(upload, path, "", is_dry_run=True)
    expected = [name for name in options.mapped.values() if name]
    try:
        return _of_file(
            OrdersFile.open(path, options.encoding, options.delimiter, options.header_line, options.sheet, expected)
        )
    except FileRefused:
        return Preview()


def _of_file(file: OrdersFile) -> Preview:
    samples = [""] * len(file.header)
    # A later step reports a refusal, unless it comes after the sample.
    with contextlib.suppress(FileRefused):
        for _, cells in itertools.islice(file.rows(), SAMPLES_FROM_ROWS):
            for index, cell in enumerate(cells[: len(samples)]):
                if not samples[index]:
                    samples[index] = cell.strip()[:SAMPLE_MAX_CHARS]
    return Preview(header=file.header, samples=tuple(samples), read_as=file.read_as)
