"""A named reader of the outbox: its saved cursor, and the events that it has not read. Everything durable reads through it.

A reader reads in one of two ways:

- **Unread events at once**, in any order, for hints and for counts that are made from scratch (the listener, the rollups):
  `unread.since` in a statement of its own, then `save` or `move` the cursor.
- **In order**, each event at least once, where no event may be lost (a relay, a replay): `begin` a diff, handle its pages.

      reader = Reader("relay", EventFilter(tenant_ids=(3,), types=("paid", "refunded")))
      if reader.saved(conn) is None:
          reader.save(conn, reader.present(conn))
      while diff := reader.begin(conn):
          while events := diff.read(1000):
              send(events)
              diff.advance(events[-1].id)
          diff.finish()

  After a crash the page in flight is sent again, and no other. To read from the oldest event, save `reader.beginning(conn)`.

One session at a time reads under a name: hold an advisory lock. A second one repeats events, and one of the two raises
ReaderMoved. Retention keeps the events that a saved cursor has not read, so `delete` a reader that is no longer used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import args_row, dict_row

from . import unread
from .cursor import BEGINNING, PRESENT, Cursor, DatabaseRestored, UnusableCursor, why_unusable
from .diff import Diff
from .unread import EVERY_EVENT, EventFilter

_SAVED = """
SELECT snapshot::text, drained_at, system_identifier, timeline, target::text, last_id
FROM outbox_readers WHERE name = %(name)s
"""
# A standby has no present cursor. With a cursor of another cluster, or one from before a restore, there is nothing to compare.
_COMPARABLE = """
SELECT snapshot::text FROM outbox_readers
WHERE name = %(name)s AND system_identifier = (SELECT system_identifier FROM pg_control_system())
    AND pg_snapshot_xmax(snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
"""
_SAVE = """
INSERT INTO outbox_readers (name, snapshot, system_identifier, timeline, drained_at)
VALUES (%(name)s, %(snapshot)s, %(system_identifier)s, %(timeline)s, %(drained_at)s)
ON CONFLICT (name) DO UPDATE SET snapshot = excluded.snapshot, system_identifier = excluded.system_identifier,
    timeline = excluded.timeline, drained_at = excluded.drained_at, target = NULL, last_id = NULL
"""
_MOVE = """
UPDATE outbox_readers SET snapshot = %(snapshot)s, drained_at = %(drained_at)s
WHERE name = %(name)s AND snapshot::text = %(saved)s
"""
_SET_TIMELINE = "UPDATE outbox_readers SET timeline = %(timeline)s WHERE name = %(name)s"
# Any new event begins a diff, also one that the filter excludes: otherwise each poll would read those events again. Without
# new events nothing is written. The comparison with S1 fails when another session has moved it, and S2 is never older.
_BEGIN = f"""
UPDATE outbox_readers SET target = pg_current_snapshot(), last_id = 0
WHERE name = %(name)s AND snapshot::text = %(since)s AND target IS NULL AND EXISTS ({unread.since("1")})
RETURNING target::text, clock_timestamp() AS begun_at
"""  # noqa: S608 - only our constants
_UNREAD = """
SELECT count(*) AS events, extract(epoch FROM clock_timestamp() - min(recorded_at))::float8 AS oldest_seconds
FROM ({} LIMIT %(limit)s) AS unread
"""
# A condition on the row `e` of order_events: some reader's saved snapshot does not see it. Each reader counts, whatever its
# filter is, and the events of an open diff count as unread until it is finished.
UNREAD_BY_ANY = "EXISTS (SELECT FROM outbox_readers r WHERE NOT pg_visible_in_snapshot(e.xid, r.snapshot))"
_UNREAD_OF_ORDER = """
SELECT e.id FROM order_events e
WHERE e.tenant_id = %(tenant)s AND e.order_id = %(order)s AND NOT pg_visible_in_snapshot(e.xid, %(since)s::pg_snapshot)
    AND (%(until)s::pg_snapshot IS NULL OR e.id > %(last_id)s OR NOT pg_visible_in_snapshot(e.xid, %(until)s::pg_snapshot))
"""


@dataclass(frozen=True)
class Unread:
    """A number of unread events, and the age of the oldest one counted (None without any)."""

    events: int
    oldest_seconds: float | None


class Reader:
    """The reader `name`, which reads the events of the filter. It holds no state: that is in `outbox_readers`.

    Each method raises psycopg.Error. `conn` must lead to the primary, because a replica's snapshots are not comparable.
    """

    def __init__(self, name: str, events: EventFilter = EVERY_EVENT) -> None:
        self.name, self.events = name, events

    def present(self, conn: psycopg.Connection[Any]) -> Cursor:
        """A cursor after every event that is committed now. It is not saved yet."""
        with conn.cursor(row_factory=dict_row) as rows:
            (row,) = rows.execute(PRESENT).fetchall()
        return Cursor.of_row(row)

    def beginning(self, conn: psycopg.Connection[Any]) -> Cursor:
        """A cursor before every event that is kept. It is not saved yet."""
        return replace(self.present(conn), snapshot=BEGINNING, saved=BEGINNING)

    def saved(self, conn: psycopg.Connection[Any]) -> Cursor | None:
        """The saved cursor, which may not be valid here (cursor.why_unusable); None when this name has never read."""
        with conn.cursor(row_factory=dict_row) as rows:
            row = rows.execute(_SAVED, {"name": self.name}).fetchone()
        return None if row is None else Cursor.of_row(row)

    def comparable_snapshot(self, conn: psycopg.Connection[Any]) -> str | None:
        """The saved snapshot for a page, which a standby may serve; None if it does not say which events are new."""
        row = conn.execute(_COMPARABLE, {"name": self.name}).fetchone()
        return None if row is None else row[0]

    def save(self, conn: psycopg.Connection[Any], cursor: Cursor) -> Cursor:
        """Save a cursor in place of any saved one, and of its diff."""
        self._execute(conn, _SAVE, cursor)
        return replace(cursor, saved=cursor.snapshot, target=None, last_id=None)

    def move(self, conn: psycopg.Connection[Any], after: Cursor) -> Cursor:
        """Save a cursor in place of the one that was saved last. Raises DatabaseRestored when that one is gone."""
        if self._execute(conn, _MOVE, after) != 1:
            raise DatabaseRestored("the saved cursor changed while events were read")
        return replace(after, saved=after.snapshot, signalled=False)

    def check(self, conn: psycopg.Connection[Any], cursor: Cursor) -> None:
        """Raises DatabaseRestored when the saved cursor is not the one that was saved last."""
        saved = self.saved(conn)
        if saved is None or saved.snapshot != cursor.saved:
            raise DatabaseRestored("the saved cursor changed while no events came")

    def delete(self, conn: psycopg.Connection[Any]) -> None:
        """Forget the cursor: retention no longer waits for this reader."""
        conn.execute("DELETE FROM outbox_readers WHERE name = %s", [self.name])

    def begin(self, conn: psycopg.Connection[Any]) -> Diff | None:
        """The saved diff if it is not finished, else a new one to the present; None when there are no new events.

        A new diff is saved and committed when this returns, so no transaction may be open on `conn`. A failover does not
        interrupt the reading. Raises UnusableCursor without a cursor, and in another cluster.
        """
        if conn.info.transaction_status != TransactionStatus.IDLE:
            raise RuntimeError(
                "a diff begins outside of transactions: it must be committed before its first event is handled"
            )
        with conn.transaction():
            saved, now = self.saved(conn), self.present(conn)
            unusable = why_unusable(saved, now, on_any_timeline=True)
            if saved is None or unusable is not None:
                raise UnusableCursor(f"{self.name}: {unusable}")
            if saved.timeline != now.timeline:
                self._execute(conn, _SET_TIMELINE, now)
            if saved.target is not None:
                return Diff(conn, self.name, saved, self.events)
            row = conn.execute(_BEGIN, {"name": self.name, "since": saved.snapshot}).fetchone()
        if row is None:
            return None
        return Diff(conn, self.name, replace(saved, target=row[0], last_id=0), self.events, begun_at=row[1])

    def unread(self, conn: psycopg.Connection[Any], *, older_than_seconds: float = 0.0, limit: int = 1000) -> Unread:
        """The unread events that were written more than `older_than_seconds` ago, counted up to `limit`.

        Events of an open diff up to its last id are read. Raises UnusableCursor without a cursor; whether the cursor is valid
        here is not checked.
        """
        saved = self.saved(conn)
        if saved is None:
            raise UnusableCursor(f"{self.name}: there is no cursor yet")
        more = " AND e.recorded_at < clock_timestamp() - make_interval(secs => %(older_than_seconds)s)"
        if saved.target is not None:
            more += " AND NOT (e.id <= %(last_id)s AND pg_visible_in_snapshot(e.xid, %(until)s::pg_snapshot))"
        values = {
            "since": saved.snapshot,
            "until": saved.target,
            "last_id": saved.last_id,
            "older_than_seconds": older_than_seconds,
            "limit": limit,
            **self.events.values,
        }
        statement = _UNREAD.format(unread.since("e.recorded_at", self.events, more))
        with conn.cursor(row_factory=args_row(Unread)) as rows:
            (found,) = rows.execute(statement, values).fetchall()
        return found

    def unread_of_order(self, conn: psycopg.Connection[Any], tenant_id: int, order_id: int) -> set[int]:
        """The ids of an order's unread events, whatever the filter; none of them without a cursor."""
        saved = self.saved(conn)
        if saved is None:
            return set()
        values = {"tenant": tenant_id, "order": order_id, "since": saved.snapshot}
        rows = conn.execute(_UNREAD_OF_ORDER, values | {"until": saved.target, "last_id": saved.last_id})
        return {row[0] for row in rows.fetchall()}

    def _execute(self, conn: psycopg.Connection[Any], statement: str, cursor: Cursor) -> int:
        return conn.execute(statement, {"name": self.name, **cursor.__dict__}).rowcount
