"""Rollups: orders and revenue by local hour, local day and owner, and by product, for the board and the history.

Refreshes are incremental and idempotent. The events since the reader's cursor determine the touched hours, and those hours
are counted again from the orders, never added to. So a repeated or late run changes nothing. A day is the sum of its hours.

Definitions as on the board: `orders` were placed in the hour and are neither cancelled nor refunded in full; `paid_orders` were
paid in it; `revenue_minor` is their total minus the refunds made in it, `refunded_minor`. All belong to the order's present
owner. A product has the orders placed with it, and the sum of its lines in orders that were paid (tables.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ..outbox.cursor import why_unusable
from ..outbox.reader import Reader
from ..postgres import session
from . import statements
from .tables import TABLES

# Needs no order of events, because it only collects touched hours. So no open transaction holds it up.
ROLLUPS = Reader("rollups", statements.EVENTS)
# Advisory lock, one per database: one run at a time.
_LOCK = 0x00D0_0BE2
_MAX_ATTEMPTS = 3
# JIT compilation costs more than it saves here.
_SETTINGS = "SET LOCAL jit = off; SET LOCAL statement_timeout = '10min'"
# Between two reports of a rebuild's progress.
HOURS_PER_STEP = 200


def refresh(database_url: str) -> set[int]:
    """Count the hours that events have touched since the last run; the first run counts all. Returns the changed tenants.

    A concurrent second run finds the lock held and does nothing, because the next run reads its events. Raises
    psycopg.Error; the rollups and the cursor are then unchanged.
    """
    return _run(database_url, everything=False)


def rebuild(database_url: str) -> set[int]:
    """Count all hours from scratch, as a changed time zone needs, which writes no event. Returns the changed tenants."""
    return _run(database_url, everything=True)


def rebuild_tenant(
    conn: psycopg.Connection, tenant_id: int, progress: Callable[[int, int], None], finish: Callable[[], None]
) -> None:
    """Count all hours of one tenant from scratch, in one transaction: its figures change at once. Raises psycopg.Error.

    `progress(done, total)` is called with numbers of hours. `finish` ends the rebuild before the next refresh, which
    would leave out this tenant and yet move the cursor past its events.
    """
    with _lock(conn, wait=True):
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
            cursor.execute(_SETTINGS)
            for table in TABLES:
                cursor.execute(f"DELETE FROM {table.hourly} WHERE tenant_id = %s", [tenant_id])  # noqa: S608 - only our constants
                cursor.execute(f"DELETE FROM {table.daily} WHERE tenant_id = %s", [tenant_id])  # noqa: S608 - only our constants
            hours = statements.TIMES_OF_TENANT + statements.HOURS_OF_TIMES
            touched = cursor.execute(hours, {"tenant": tenant_id}).fetchall()
            _count_in_steps(cursor, touched, progress)
        finish()


def _count_in_steps(
    cursor: psycopg.Cursor[dict[str, Any]], touched: list[dict[str, Any]], progress: Callable[[int, int], None]
) -> None:
    days: dict[str, dict[str, dict[str, Any]]] = {table.hourly: {} for table in TABLES}
    for start in range(0, len(touched), HOURS_PER_STEP):
        progress(start, len(touched))
        for table in TABLES:
            written = _write(cursor, statements.write_hours(table), "hour", touched[start : start + HOURS_PER_STEP])
            days[table.hourly].update((row["day"], row) for row in written)
    for table in TABLES:
        _write(cursor, statements.write_days(table), "day", list(days[table.hourly].values()))
    progress(len(touched), len(touched))


def _run(database_url: str, *, everything: bool) -> set[int]:
    with session.connect(database_url, "doorbell rollups", autocommit=True) as conn:
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            try:
                with _lock(conn, wait=everything) as is_locked:
                    return _refresh(conn, everything=everything) if is_locked else set()
            except (psycopg.errors.SerializationFailure, psycopg.errors.ForeignKeyViolation):
                # A tenant and its rollups were deleted between our snapshot and our write.
                if attempt == _MAX_ATTEMPTS:
                    raise
    return set()


@contextmanager
def _lock(conn: psycopg.Connection, *, wait: bool) -> Iterator[bool]:
    """Hold the lock, and yield whether it was free. The transaction comes after it: its snapshot must include the last run."""
    if wait:
        conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        is_locked = True
    else:
        row = conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        is_locked = bool(row and row[0])
    try:
        yield is_locked
    finally:
        if is_locked and not conn.broken:
            conn.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _refresh(conn: psycopg.Connection, *, everything: bool) -> set[int]:
    """Read the events, count the orders and save the cursor in one transaction on one snapshot."""
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_SETTINGS)
        saved, present = ROLLUPS.saved(conn), ROLLUPS.present(conn)
        everything = everything or why_unusable(saved, present) is not None
        cleared = _clear(cursor) if everything else set()
        times = statements.TIMES_OF_ALL_ORDERS if everything else statements.TIMES_OF_UNREAD_EVENTS
        hours = statements.HOURS_OF_TIMES + ("" if everything else statements.WITHOUT_REBUILD)
        since = {"since": saved and saved.snapshot, **ROLLUPS.events.values}
        touched = cursor.execute(times + hours, since).fetchall()
        changed = cleared
        for table in TABLES:
            days = _write(cursor, statements.write_hours(table), "hour", touched)
            _write(cursor, statements.write_days(table), "day", days)
            changed |= {row["tenant_id"] for row in days}
        cursor.execute(statements.FORGET_LINE_CHANGES)
        if everything or touched:
            ROLLUPS.save(conn, present)
        return changed


def _clear(cursor: psycopg.Cursor[dict[str, Any]]) -> set[int]:
    """Returns the tenants that had rollups."""
    cleared: set[int] = set()
    for table in TABLES:
        cursor.execute(f"DELETE FROM {table.hourly}")  # noqa: S608 - only our constants
        days = cursor.execute(f"DELETE FROM {table.daily} RETURNING tenant_id")  # noqa: S608 - only our constants
        cleared |= {row["tenant_id"] for row in days}
    return cleared


def _write(cursor: psycopg.Cursor[dict[str, Any]], statement: str, unit: str, rows: list[dict[str, Any]]) -> Any:
    """Run write_hours or write_days for `rows` of a tenant and an hour or day. Returns the rows that the statement returns."""
    if not rows:
        return []
    times = [row[unit] for row in rows]
    cursor.execute(statement, {"tenants": [row["tenant_id"] for row in rows], f"{unit}s": times})
    return cursor.fetchall() if cursor.description else []
