"""Partitions of order_events, one a month: made before they are needed, dropped when nobody needs them any more."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg

from ..observability import logs
from ..postgres import session

MONTHS_AHEAD = 2
ROWS_PER_DELETE = 5000  # of the default partition, a transaction: some 50 ms each
DEFAULT = "order_events_default"
STRAYS_COUNTED = 1000

_STATE = """
SELECT (SELECT count(*) FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid
        WHERE inhparent = 'order_events'::regclass AND c.relname ~ '^order_events_[0-9]{4}_[0-9]{2}$'
          AND c.relname::text COLLATE "C" > 'order_events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')),
       (SELECT count(*) FROM (SELECT FROM order_events_default LIMIT %s) AS strays)
"""

log = logs.get("partitions")


@dataclass
class Retained:
    """What one run dropped, how many rows it deleted from the default partition, and what stays with the reason."""

    dropped: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    deleted: int = 0


@dataclass(frozen=True)
class Partitions:
    """How many coming months have theirs, and how many events (counted up to STRAYS_COUNTED) came in a month without."""

    ahead: int
    strays: int


def make_ahead(database_url: str) -> Partitions:
    """Make this month's partition and the next ones where they are missing; returns what there is then.

    A new partition locks the default one for a moment, and every order written meanwhile queues behind that request, so
    it gives up after 2 s (psycopg.errors.LockNotAvailable) and the next run tries again.
    """
    with session.connect(database_url, "doorbell partitions") as conn:
        conn.execute("SET LOCAL lock_timeout = '2s'")
        conn.execute("SELECT order_events_make_partitions(%s)", [MONTHS_AHEAD])
        conn.commit()  # its locks are not held while the rest is counted
        ahead, strays = conn.execute(_STATE, [STRAYS_COUNTED]).fetchone() or (0, 0)
    return Partitions(ahead, strays)


def drop_old(database_url: str, keep_days: int) -> Retained:
    """Drop the months that lie wholly before the last `keep_days` days, each only when every reader has read it.

    Each is a transaction of its own, so one that is locked or unread stops no other; the next run tries it again. An
    order that is written meanwhile waits 1 s at most. Raises psycopg.OperationalError when PostgreSQL is away.
    """
    retained = Retained()
    with session.connect(database_url, "doorbell partitions", autocommit=True) as conn:
        for name in _old(conn, keep_days):
            reason = _drop(conn, name, keep_days)
            if reason is None:
                retained.dropped.append(name)
                log.info("a month of events is dropped", partition=name, older_than_days=keep_days)
            else:
                retained.kept[name] = reason
                log.warning("an old month of events stays for now", partition=name, why=reason)
        _delete_old(conn, keep_days, retained)
    return retained


def _old(conn: psycopg.Connection, keep_days: int) -> list[str]:
    rows = conn.execute(
        "SELECT part::text FROM order_events_partitions() WHERE ends <= retention_cutoff(%s)", [keep_days]
    )
    return [name for (name,) in rows]


def _drop(conn: psycopg.Connection, name: str, keep_days: int) -> str | None:
    """None when it is gone, else why it is kept."""
    try:
        row = conn.execute("SELECT order_events_drop_partition(%s::regclass, %s)", [name, keep_days]).fetchone()
        return str(row[0]) if row and row[0] is not None else None
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        return "an open transaction holds it, or writes events just now"
    except psycopg.errors.UndefinedTable:
        return None  # another run was faster
    except psycopg.errors.DependentObjectsStillExist as error:
        return str(error.diag.message_primary)


def _delete_old(conn: psycopg.Connection, keep_days: int, retained: Retained) -> None:
    """Rows without a month of their own go under the same rule, row by row."""
    while True:
        row = conn.execute("SELECT order_events_delete_old(%s, %s)", [keep_days, ROWS_PER_DELETE]).fetchone()
        batch = int(row[0]) if row else 0
        retained.deleted += batch
        if batch < ROWS_PER_DELETE:
            break
    if retained.deleted:
        log.info("old events are deleted", partition=DEFAULT, events=retained.deleted)
    left = conn.execute(
        "SELECT coalesce(order_events_unread_reason(%s::regclass), 'some came while others were deleted')"
        " WHERE EXISTS (SELECT FROM order_events_default WHERE recorded_at < retention_cutoff(%s))",
        [DEFAULT, keep_days],
    ).fetchone()
    if left:
        retained.kept[DEFAULT] = str(left[0])
        log.warning("old events stay for now", partition=DEFAULT, why=left[0])
