"""The report of rejected rows, written next to the input file, so that the rows can be corrected and imported."""

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

from .formula_escape import escape
from .orders_file import REPORT_COLUMNS, OrdersFile

FETCH_ROWS = 2_000  # per round trip

REJECTED = """
SELECT l.line, coalesce(l.number, '') AS number, coalesce(l.reason, o.reason) AS reason
FROM (SELECT line, number, reason FROM import_lines UNION ALL SELECT line, number, reason FROM import_returns) AS l
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
    """A rejected row: its first line in the file, its order number ('' if it has none) and the reason."""

    line: int
    number: str
    reason: str


@dataclass(frozen=True)
class Counts:
    """The number of orders in the file, and the numbers of rejected orders and rejected rows."""

    orders: int
    rejected_orders: int
    rejected_rows: int


def count(conn: psycopg.Connection) -> Counts:
    with conn.cursor(row_factory=class_row(Counts)) as cursor:
        counts = cursor.execute(COUNTS).fetchone()
    assert counts is not None
    return counts


def rejected(conn: psycopg.Connection) -> Iterator[Rejected]:
    """The rejected rows in file order, fetched in batches."""
    with conn.transaction(), conn.cursor("import_rejected", row_factory=class_row(Rejected)) as cursor:
        cursor.itersize = FETCH_ROWS
        yield from cursor.execute(REJECTED)


def first(conn: psycopg.Connection, rows: int) -> list[Rejected]:
    return list(itertools.islice(rejected(conn), rows))


def path_beside(path: Path) -> Path:
    """`orders.rejected.csv` for `orders.csv`, `orders.rejected.tsv` for `orders.tsv`: one report per file.

    The report of a workbook is a CSV file: `orders.xlsx.rejected.csv`.
    """
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return path.with_name(f"{path.name}.rejected.csv")
    return path.with_name(f"{path.stem}.rejected{path.suffix}")


def remove(path: Path) -> None:
    """Delete the report of an earlier run. Raises OSError."""
    path_beside(path).unlink(missing_ok=True)


def write(conn: psycopg.Connection, file: OrdersFile) -> Path:
    """Write the report in the file's own encoding and delimiter, and return its path. The file is read again for the rows.

    Raises OSError if the folder cannot be written to; then no partial report remains.
    """
    path = path_beside(file.path)
    partial = path.with_name(path.name + f".{os.getpid()}.partial")
    try:
        # A reason may contain a character, such as …, that the file's encoding lacks.
        with partial.open("w", encoding=file.encoding, errors="replace", newline="") as out:
            writer = csv.writer(out, delimiter=file.delimiter, lineterminator="\n")
            writer.writerow([*REPORT_COLUMNS, *file.header])
            rows = file.rows()
            for row in rejected(conn):
                cells = next((cells for line, cells in rows if line == row.line), [])
                writer.writerow([row.line, *map(escape, (row.number, row.reason, *cells))])
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path
