"""A cursor: how far a reader has read the outbox, as a snapshot with the cluster in which it is valid.

A snapshot is not valid in another cluster, on another timeline, or after an older dump was restored over the database. Each of
these is detected (`why_unusable`), and the reader decides what follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg

# Sees no transaction, so every event is unread. It is valid in every cluster.
BEGINNING = "1:1:"

# The columns of a cursor at the present. The timeline changes with each failover and each point-in-time restore.
PRESENT = """
SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS drained_at,
       (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline
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


class UnusableCursor(Exception):
    """The saved cursor means nothing in this database, or there is no cursor; the message is the reason."""


@dataclass(frozen=True)
class Cursor:
    """The position of a reader: it has handled the events that `snapshot` sees. `drained_at` is the database's time then.

    `saved` is the snapshot in the database, which may be older: a drain without signals moves `snapshot` and saves nothing.
    `signalled` is true while signals of events after `saved` have been published; a listener that dies then repeats them.
    `target` and `last_id` are set while a diff is read (diff.py): its second snapshot, and the last event handled.
    """

    snapshot: str
    drained_at: datetime
    system_identifier: int
    timeline: int
    saved: str
    target: str | None = None
    last_id: int | None = None
    signalled: bool = False

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Cursor:
        return cls(**{**row, "system_identifier": int(row["system_identifier"])}, saved=row["snapshot"])

    def moved(self, snapshot: str, drained_at: datetime) -> Cursor:
        return replace(self, snapshot=snapshot, drained_at=drained_at)


def why_unusable(
    saved: Cursor | None, now: Cursor, published: str = "", *, on_any_timeline: bool = False
) -> str | None:
    """Why reading cannot continue from `saved`, as text; None when it can. `now` is a cursor at the present, read later.

    `published` is the cursor that Redis has. The database's may be newer than that, but never older. Any text that is not
    a snapshot is ignored.

    After a failover or a point-in-time restore, which begin a new timeline, the cursor is as old as the events. A reader that
    keeps its whole state in the database continues then (`on_any_timeline`). A listener has sent hints that no longer hold.
    """
    if saved is None:
        return "there is no cursor yet"
    if saved.system_identifier != now.system_identifier:
        return "the cursor belongs to another cluster"
    if saved.timeline != now.timeline and not on_any_timeline:
        return f"the cluster went from timeline {saved.timeline} to {now.timeline}"
    if xmax(saved.target or saved.snapshot) > xmax(now.snapshot):
        return (
            f"the cursor is ahead of the database: {saved.target or saved.snapshot}, and the present is {now.snapshot}"
        )
    if _SNAPSHOT.fullmatch(published) and xmax(published) > xmax(saved.snapshot):
        return "an older dump was restored over the database"
    return None


def adopt_foreign_rows(conn: psycopg.Connection[Any]) -> None:
    """Mark the rows that a dump brought from another cluster as read. Raises psycopg.Error."""
    for statement in _ADOPT:
        conn.execute(statement)


def xmax(snapshot: str) -> int:
    """The first transaction id that the snapshot (given as text) does not cover."""
    return int(snapshot.split(":")[1])
