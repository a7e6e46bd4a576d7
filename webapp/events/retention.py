"""Retention of order_events: monthly partitions are made ahead, and dropped once they are old and read by every reader."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg

from ..observability import logs
from ..postgres import session

MONTHS_AHEAD = 2
# Rows of the default partition that one transaction deletes, in about 50 ms.
ROWS_PER_DELETE = 5000
DEFAULT = "order_events_default"
MAX_STRAYS = 1000

_STATE = """
SELECT (SELECT count(*) FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid
        WHERE inhparent = 'order_events'::regclass AND c.relname ~ '^order_events_[0-9]{4}_[0-9]{2}$'
          AND c.relname::text COLLATE "C" > 'order_events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')),
       (SELECT count(*) FROM (SELECT FROM order_events_default LIMIT %s) AS strays)
"""

log = logs.get("partitions")


@dataclass
class Retained:
    """The result of one run: dropped partitions, rows deleted from the default partition, and kept ones with the reason."""

    dropped: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    deleted: int = 0


@dataclass(frozen=True)
class Partitions:
    """The coming months that have a partition, and the events in the default partition (counted up to MAX_STRAYS)."""

    ahead: int
    strays: int


def make_ahead(database_url: str) -> Partitions:
    """Make the missing partitions of this month and the next ones; returns how many there are then.

    A new partition locks the default one for a moment, and new orders queue behind that request. So it gives up after 2 s
    (psycopg.errors.LockNotAvailable), and the next run tries again.
    """
    with session.connect(database_url, "doorbell partitions") as conn:
        conn.execute("SET LOCAL lock_timeout = '2s'")
        conn.execute("SELECT order_events_make_partitions(%s)", [MONTHS_AHEAD])
        # Release the locks before the count.
        conn.commit()
        ahead, strays = conn.execute(_STATE, [MAX_STRAYS]).fetchone() or (0, 0)
    return Partitions(ahead, strays)


def drop_old(database_url: str, keep_days: int) -> Retained:
    """Drop each month that ended more than `keep_days` days ago, once every reader has read it.

    Each month is its own transaction, so a locked or unread month does not stop the others, and the next run tries it
    again. A new order waits 1 s at most. Raises psycopg.OperationalError when PostgreSQL is not available.
    """
    retained = Retained()
    with session.connect(database_url, "doorbell partitions", autocommit=True) as conn:
        for name in _old(conn, keep_days):
            reason = _drop(conn, name, keep_days)
            if reason is None:
                retained.dropped.append(name)
                log.info("dropped a month of events", partition=name, older_than_days=keep_days)
            else:
                retained.kept[name] = reason
                log.warning("kept an old month of events", partition=name, reason=reason)
        _delete_old(conn, keep_days, retained)
    return retained


def _old(conn: psycopg.Connection, keep_days: int) -> list[str]:
    rows = conn.execute(
        "SELECT part::text FROM order_events_partitions() WHERE ends <= retention_cutoff(%s)", [keep_days]
    )
    return [name for (name,) in rows]


def _drop(conn: psycopg.Connection, name: str, keep_days: int) -> str | None:
    """Drop one partition. Returns None when it is gone, otherwise the reason why it is kept."""
    try:
        row = conn.execute("SELECT order_events_drop_partition(%s::regclass, %s)", [name, keep_days]).fetchone()
        return str(row[0]) if row and row[0] is not None else None
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        return "an open transaction uses it, or is writing events"
    except psycopg.errors.UndefinedTable:
        return None  # another run dropped it
    except psycopg.errors.DependentObjectsStillExist as error:
        return str(error.diag.message_primary)


def _delete_old(conn: psycopg.Connection, keep_days: int, retained: Retained) -> None:
    """Delete old rows of the default partition by the same rule, in batches."""
    while True:
        row = conn.execute("SELECT order_events_delete_old(%s, %s)", [keep_days, ROWS_PER_DELETE]).fetchone()
        batch = int(row[0]) if row else 0
        retained.deleted += batch
        if batch < ROWS_PER_DELETE:
            break
    if retained.deleted:
        log.info("deleted old events", partition=DEFAULT, events=retained.deleted)
    left = conn.execute(
        "SELECT coalesce(order_events_unread_reason(%s::regclass), 'events arrived during the deletion')"
        " WHERE EXISTS (SELECT FROM order_events_default WHERE recorded_at < retention_cutoff(%s))",
        [DEFAULT, keep_days],
    ).fetchone()
    if left:
        retained.kept[DEFAULT] = str(left[0])
        log.warning("kept old events", partition=DEFAULT, reason=left[0])
