"""The rejected rows, beside the input: where, why, and the row itself, so that the report can be mended and imported."""

from __future__ import annotations

import contextlib
import csv
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from .csvfile import ADDED, OrdersFile
from .formulas import neutral

FETCHED = 2_000  # rows a round trip

REJECTED = """
SELECT l.line, coalesce(l.number, '') AS number, coalesce(l.reason, o.reason) AS reason
FROM import_lines l
LEFT JOIN import_orders o ON o.number COLLATE "C" = l.number
WHERE l.reason IS NOT NULL OR o.reason IS NOT NULL
ORDER BY l.line"""

COUNTS = """
SELECT (SELECT count(*) FROM import_orders) AS orders,
       (SELECT count(*) FROM import_orders WHERE reason IS NOT NULL) AS rejected_orders,
       (SELECT coalesce(sum(rows), 0)::bigint FROM import_orders WHERE reason IS NOT NULL)
           + (SELECT count(*) FROM import_lines WHERE number IS NULL) AS rejected_rows"""


@dataclass(frozen=True)
class Rejected:
    """A row that was not used: its first line in the file, its order number ('' when it has none), and why."""

    line: int
    number: str
    reason: str


@dataclass(frozen=True)
class Counts:
    """Orders in the file, and how many of them and of the file's rows were rejected."""

    orders: int
    rejected_orders: int
    rejected_rows: int


def count(conn: psycopg.Connection) -> Counts:
    with conn.cursor(row_factory=class_row(Counts)) as cursor:
        counts = cursor.execute(COUNTS).fetchone()
    assert counts is not None
    return counts


def rejected(conn: psycopg.Connection) -> Iterator[Rejected]:
    """The rejected rows in the order of the file, fetched a few at a time."""
    with conn.transaction(), conn.cursor("import_rejected", row_factory=class_row(Rejected)) as cursor:
        cursor.itersize = FETCHED
        yield from cursor.execute(REJECTED)


def first(conn: psycopg.Connection, rows: int) -> list[Rejected]:
    return list(itertools.islice(rejected(conn), rows))


def path_beside(path: Path) -> Path:
    """`orders.rejected.csv` of `orders.csv`, `orders.rejected.tsv` of `orders.tsv`: each file has its own."""
    return path.with_name(f"{path.stem}.rejected{path.suffix}")


def remove(path: Path) -> None:
    """Take away the report of an earlier run. Raises OSError when that cannot be done."""
    path_beside(path).unlink(missing_ok=True)


def write(conn: psycopg.Connection, file: OrdersFile) -> Path:
    """Write the report in the file's own encoding and delimiter; its path. The file is read a second time for the rows.

    Raises OSError when the folder cannot be written to; then there is no half report.
    """
    path = path_beside(file.path)
    half = path.with_name(path.name + f".{os.getpid()}.half")
    try:
        # A reason may quote with a character that the file's encoding has not.
        with half.open("w", encoding=file.encoding, errors="replace", newline="") as out:
            writer = csv.writer(out, delimiter=file.delimiter, lineterminator="\n")
            writer.writerow([*ADDED, *file.header])
            rows = file.rows()
            for row in rejected(conn):
                cells = next((cells for line, cells in rows if line == row.line), [])
                writer.writerow([row.line, *map(neutral, (row.number, row.reason, *cells))])
        half.replace(path)
    finally:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
    return path
