"""How far the outbox was read. The cursor is a snapshot, kept in `outbox_readers` with the cluster that it belongs to.

Ids and xids are handed out before commit, so "greater than the last seen" loses rows. New is what the last drain's
snapshot could not see. A snapshot means nothing in another cluster or on another timeline, and less than it seems after
an older dump was restored over the database; each of these is noticed, and then everybody resyncs.
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
# A row that is visible and whose id this cluster has yet to hand out came with a dump of another one. Left as it is, it
# would become news when the counter gets there, row by row. 3 is the oldest id there is: every reader has seen it.
_ADOPT = (
    "UPDATE order_events SET xid = '3' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())",
    "UPDATE notifications SET xid = '3' WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())",
)


class Restored(Exception):
    """The saved cursor is not the one that was saved: an older dump was restored over the database while it was read."""


@dataclass(frozen=True)
class Cursor:
    """`snapshot` is that of the last drain; `saved` the one in the database, older where nothing has happened since."""

    snapshot: str
    drained_at: datetime
    system_identifier: int
    timeline: int
    saved: str

    def moved(self, snapshot: str, drained_at: datetime) -> Cursor:
        return replace(self, snapshot=snapshot, drained_at=drained_at)


def present(conn: psycopg.Connection[Any]) -> Cursor:
    """A cursor that has read all there is, not saved yet."""
    row = _one(conn, _PRESENT)
    assert row is not None
    return _cursor(row)


def read_saved(conn: psycopg.Connection[Any]) -> Cursor | None:
    row = _one(conn, _SAVED)
    return None if row is None else _cursor(row)


def why_unusable(saved: Cursor | None, now: Cursor, published: str) -> str | None:
    """Why reading cannot go on from `saved`, in words; None when it can.

    `published` is the last cursor that Redis was told of, or any other text, which says nothing: the database's own may be
    newer than that, but never older.
    """
    if saved is None:
        return "there is no cursor yet"
    if saved.system_identifier != now.system_identifier:
        return "the cursor belongs to another cluster"
    if saved.timeline != now.timeline:
        return f"the cluster went from timeline {saved.timeline} to {now.timeline}"
    if xmax(saved.snapshot) > xmax(now.snapshot):
        return "the cursor is ahead of the present"
    if _SNAPSHOT.fullmatch(published) and xmax(published) > xmax(saved.snapshot):
        return "the database was set back: an older dump was restored"
    return None


def adopt_foreign_rows(conn: psycopg.Connection[Any]) -> None:
    """Let rows that a dump brought from another cluster count as read. Raises psycopg.Error."""
    for statement in _ADOPT:
        conn.execute(statement)


def begin(conn: psycopg.Connection[Any], now: Cursor) -> Cursor:
    """Save a cursor, whatever was saved before."""
    _execute(conn, _BEGIN, now)
    return replace(now, saved=now.snapshot)


def move(conn: psycopg.Connection[Any], after: Cursor) -> Cursor:
    """Save a cursor after the one that this listener saved last. Raises Restored when that is not there any more."""
    if _execute(conn, _MOVE, after) != 1:
        raise Restored("the database was set back while it was read")
    return replace(after, saved=after.snapshot)


def check(conn: psycopg.Connection[Any], cursor: Cursor) -> None:
    """Raises Restored when the saved cursor is not the one that this listener saved last."""
    row = _one(conn, _SAVED)
    if row is None or row["snapshot"] != cursor.saved:
        raise Restored("the database was set back while nothing happened")


def xmax(snapshot: str) -> int:
    """The first transaction id that the snapshot (its text) knows nothing of."""
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
