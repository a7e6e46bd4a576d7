"""A diff: the events that one snapshot (S2) sees and an earlier one (S1) did not, read in the order of their ids.

Per order this is the order of the commits, because of three facts. An event is written while its writer holds the order's row
lock, so the later of two writers of an order waits for the end of the first, and gets a higher id (one sequence, CACHE 1).
PostgreSQL takes a transaction out of the list of running ones before it releases its locks, so a snapshot that sees the later
writer sees the first one too. Diffs follow one another without gap or overlap. `flask doctor` checks the first fact.

S1, S2 and the last id are saved in `outbox_readers`, so a crash continues the same diff after that id. A new S2 would lose
events: a transaction that commits meanwhile may have lower ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import args_row

from . import unread
from .cursor import Cursor
from .unread import EVERY_EVENT, EventFilter

_ADVANCE = """
UPDATE outbox_readers SET last_id = %(to)s
WHERE name = %(name)s AND target::text = %(until)s AND last_id = %(last_id)s
"""
_FINISH = """
UPDATE outbox_readers SET snapshot = target, target = NULL, last_id = NULL, drained_at = coalesce(%(begun_at)s, drained_at)
WHERE name = %(name)s AND target::text = %(until)s AND last_id = %(last_id)s
"""


class ReaderMoved(Exception):
    """Another session has moved the saved cursor of this reader, or a rollback has undone its last step. Begin again."""


class OutboxEvent(NamedTuple):
    """A row of order_events; docs/events.md describes the columns. After a point-in-time restore ids are used again.

    `old_values` and `new_values` are JSON objects as text.
    """

    id: int
    recorded_at: datetime
    tenant_id: int
    order_id: int
    type: str
    owner_id: int | None
    actor_id: int | None
    claimed_actor_id: int | None
    written_by: str | None
    via: str
    amount_minor: int | None
    old_values: str | None
    new_values: str | None
    occurred_at: datetime


_COLUMNS = ", ".join(OutboxEvent._fields)
# As texts: psycopg's decoding of JSON takes longer than that of all other columns, and the readers pass most of it on.
_AS_TEXT = _COLUMNS.replace("old_values", "old_values::text").replace("new_values", "new_values::text")


@dataclass(frozen=True)
class _Extent:
    """The number of events after the last one handled, and the ids of the first and the last of them."""

    events: int
    min_id: int
    max_id: int

    def is_dense(self, limit: int) -> bool:
        """Whether a page costs less by a walk through the ids than by reading the whole diff and sorting it.

        The walk reads the events between two of the diff too: on average `ids / events` rows per event.
        """
        ids = self.max_id - self.min_id + 1
        return limit * ids < self.events * self.events


class Diff:
    """A saved diff of the reader `name`, on the connection that began it. Made by Reader.begin.

    Between two methods the process may be killed: Reader.begin then returns the same diff after the last saved id.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        name: str,
        saved: Cursor,
        events: EventFilter = EVERY_EVENT,
        begun_at: datetime | None = None,
    ) -> None:
        assert saved.target is not None
        assert saved.last_id is not None
        self._conn, self._name, self._filter, self._begun_at = conn, name, events, begun_at
        self.since, self.until, self.last_id = saved.snapshot, saved.target, saved.last_id
        self._extent: _Extent | None = None
        self._read_to = self.last_id
        # The page after an id, read before it was asked for.
        self._ahead: tuple[int, list[OutboxEvent]] = (0, [])
        self._end: int | None = None  # the last id, once known
        self.is_finished = False

    def read(self, limit: int) -> list[OutboxEvent]:
        """The next events after `last_id`, at most `limit`, by id; [] when the diff is done. Moves nothing."""
        if self._end is not None and self.last_id >= self._end:
            return []
        after, events = self._ahead
        if after != self.last_id or not events:
            events = self._read(limit)
        self._ahead = (0, [])
        self._read_to = events[-1].id if events else self.last_id
        return events

    def read_ahead(self, limit: int) -> list[OutboxEvent]:
        """The page that `read` will return once the one before it is handled; [] after the last page. Moves nothing."""
        if self._end is None or self._extent is None or self._read_to >= self._end:
            return []
        self._ahead = (self._read_to, self._read(limit, self._read_to))
        return self._ahead[1]

    def advance(self, last_id: int) -> None:
        """Save that the events up to `last_id` are handled; in the caller's transaction if one is open, else at once.

        Raises ReaderMoved, and ValueError when `last_id` does not lie after the last one, or was not read.
        """
        if not self.last_id < last_id <= self._read_to:
            raise ValueError(
                f"the diff is at event {self.last_id} and was read to event {self._read_to}, not {last_id}"
            )
        self._update(_ADVANCE, to=last_id)
        self.last_id = last_id

    def finish(self) -> None:
        """Save that all events of the diff are handled: S1 := S2. Commits as `advance` does.

        Raises ReaderMoved, and ValueError when the diff was not read to its end.
        """
        if not self.is_read:
            raise ValueError(f"the diff was read to event {self._read_to} only")
        self._update(_FINISH, begun_at=self._begun_at)
        self.is_finished = True

    @property
    def is_read(self) -> bool:
        """Whether `read` has returned the last event, so that `finish` is due after it is handled."""
        return self._end is not None and self._read_to >= self._end

    def _read(self, limit: int, after: int | None = None) -> list[OutboxEvent]:
        if self._extent is None:
            # An ordinary diff is one page: one index scan, sorted afterwards. One more event shows that there are more.
            events = self._select(unread.between(_COLUMNS, self._filter) + " LIMIT %(limit)s", limit + 1)
            if len(events) <= limit:
                self._end = events[-1].id if events else self.last_id
                return events
            self._extent = self._measure()
            self._end = self._extent.max_id
        if self._extent.is_dense(limit):
            return self._run(f"{unread.between_by_id(_AS_TEXT, self._filter)} LIMIT %(limit)s", limit, after)
        return self._select(unread.between(_COLUMNS, self._filter), limit, after)

    def _select(self, statement: str, limit: int, after: int | None = None) -> list[OutboxEvent]:
        # Not MATERIALIZED, the planner would walk the primary key to the first `limit` events and read the whole history.
        return self._run(
            f"WITH diff AS MATERIALIZED ({statement}) SELECT {_AS_TEXT} FROM diff ORDER BY id LIMIT %(limit)s",  # noqa: S608 - only our constants
            limit,
            after,
        )

    def _measure(self) -> _Extent:
        statement = f"SELECT count(*), min(id), max(id) FROM ({unread.between('id', self._filter)}) AS diff"  # noqa: S608 - only our constants
        with self._conn.cursor(row_factory=args_row(_Extent)) as rows:
            (extent,) = rows.execute(statement, self._values).fetchall()
        return extent

    def _run(self, statement: str, limit: int, after: int | None) -> list[OutboxEvent]:
        values = {**self._values, "limit": limit, "max_id": self._end}
        if after is not None:
            values["last_id"] = after
        with self._conn.cursor(binary=True, row_factory=lambda _cursor: OutboxEvent._make) as rows:
            return rows.execute(statement, values).fetchall()

    def _update(self, statement: str, **values: Any) -> None:
        values |= {"name": self._name, "until": self.until, "last_id": self.last_id}
        if self._conn.execute(statement, values).rowcount != 1:
            raise ReaderMoved(f"the saved cursor of {self._name} is no longer at event {self.last_id} of its diff")

    @property
    def _values(self) -> dict[str, Any]:
        return {"since": self.since, "until": self.until, "last_id": self.last_id, **self._filter.values}
