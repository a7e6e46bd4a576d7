"""The outbox cursor: how far the outbox was read, as a snapshot that is saved in `outbox_readers` with its cluster.

Ids and xids are assigned before commit, so "greater than the last one seen" loses rows. The new rows are those that the
last drain's snapshot could not see. A snapshot is not valid in another cluster, on another timeline, or after an older
dump was restored over the database. Each of these is detected, and then every page resyncs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

LISTENER_READER = "listener"

_PRESENT = """
SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS drained_at,
       (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline
"""
_SAVED = "SELECT snapshot::text, drained_at, system_identifier, timeline FROM outbox_readers WHERE name = %(name)s"
_BEGIN = """
INSERT INTO outbox_readers (name, snapshot, system_identifier, timeline, drained_at)
VALUES (%(name)s, %(snapshot)s, %(system_identifier)s, %(timeline)s, %(drained_at)s)
ON CONFLICT (name) DO UPDATE SET snapshot = excluded.snapshot, system_identifier = excluded.system_identifier,
    timeline = excluded.timeline, drained_at = excluded.drained_at
"""
_MOVE = """
UPDATE outbox_readers SET snapshot = %(snapshot)s, drained_at = %(drained_at)s
WHERE name = %(name)s AND snapshot::text = %(saved)s
"""

_SNAPSHOT = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:([0-9]{1,19}(,[0-9]{1,19})*)?")
# A visible row with an xid that this cluster has yet to assign came with a dump of another cluster. It would count as new
# once the counter reaches it. 3 is the oldest xid there is, which every reader has passed.
_ADOPT = (
    "UPDATE order_events SET xid = '3' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())",
    "UPDATE notifications SET xid = '3' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())",
)


class DatabaseRestored(Exception):
    """The saved cursor has changed, because an older dump was restored over the database while a listener read it."""


@dataclass(frozen=True)
class Cursor:
    """The position of a reader. `snapshot` is the last drain's; `saved` is the one in the database, which may be older.

    A drain without signals moves `snapshot` and saves nothing.
    """

    snapshot: str
    drained_at: datetime
    system_identifier: int
    timeline: int
    saved: str

    def moved(self, snapshot: str, drained_at: datetime) -> Cursor:
        return replace(self, snapshot=snapshot, drained_at=drained_at)


def present(conn: psycopg.Connection[Any]) -> Cursor:
    """A cursor after every event that is committed now. It is not saved yet."""
    row = _one(conn, _PRESENT)
    assert row is not None
    return _cursor(row)


def read_saved(conn: psycopg.Connection[Any]) -> Cursor | None:
    row = _one(conn, _SAVED)
    return None if row is None else _cursor(row)


def why_unusable(saved: Cursor | None, now: Cursor, published: str) -> str | None:
    """Why reading cannot continue from `saved`, as text; None when it can.

    `published` is the cursor that Redis has. The database's may be newer than that, but never older. Any text that is not
    a snapshot is ignored.
    """
    if saved is None:
        return "there is no cursor yet"
    if saved.system_identifier != now.system_identifier:
        return "the cursor belongs to another cluster"
    if saved.timeline != now.timeline:
        return f"the cluster went from timeline {saved.timeline} to {now.timeline}"
    if xmax(saved.snapshot) > xmax(now.snapshot):
        return "the cursor is ahead of the database"
    if _SNAPSHOT.fullmatch(published) and xmax(published) > xmax(saved.snapshot):
        return "an older dump was restored over the database"
    return None


def adopt_foreign_rows(conn: psycopg.Connection[Any]) -> None:
    """Mark the rows that a dump brought from another cluster as read. Raises psycopg.Error."""
    for statement in _ADOPT:
        conn.execute(statement)


def begin(conn: psycopg.Connection[Any], now: Cursor) -> Cursor:
    """Save a cursor and overwrite the saved one."""
    _execute(conn, _BEGIN, now)
    return replace(now, saved=now.snapshot)


def move(conn: psycopg.Connection[Any], after: Cursor) -> Cursor:
    """Save a cursor in place of the one that this listener saved last. Raises DatabaseRestored when that one is gone."""
    if _execute(conn, _MOVE, after) != 1:
        raise DatabaseRestored("the saved cursor changed while events were read")
    return replace(after, saved=after.snapshot)


def check(conn: psycopg.Connection[Any], cursor: Cursor) -> None:
    """Raises DatabaseRestored when the saved cursor is not the one that this listener saved last."""
    row = _one(conn, _SAVED)
    if row is None or row["snapshot"] != cursor.saved:
        raise DatabaseRestored("the saved cursor changed while no events came")


def xmax(snapshot: str) -> int:
    """The first transaction id that the snapshot (given as text) does not cover."""
    return int(snapshot.split(":")[1])


def _cursor(row: dict[str, Any]) -> Cursor:
    return Cursor(
        row["snapshot"], row["drained_at"], int(row["system_identifier"]), row["timeline"], saved=row["snapshot"]
    )


def _execute(conn: psycopg.Connection[Any], statement: str, cursor: Cursor) -> int:
    return conn.execute(statement, {"name": LISTENER_READER, **cursor.__dict__}).rowcount


def _one(conn: psycopg.Connection[Any], statement: str) -> dict[str, Any] | None:
    with conn.cursor(row_factory=dict_row) as rows:
        return rows.execute(statement, {"name": LISTENER_READER}).fetchone()
