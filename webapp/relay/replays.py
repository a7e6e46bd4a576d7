"""Replays: events of a period are sent again to one destination, with the same ids, marked, and at a limited rate.

A replay has its own reader, so it runs beside the destination's own reading and continues after a crash.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from ..outbox.reader import Reader
from ..outbox.unread import EventFilter
from . import audit
from .destinations import READER_PREFIX, Destination
from .message import Message
from .messages import messages_of

RUNNING = "running"
# Messages per page, so that new events wait for a short page only.
PAGE_EVENTS = 200

# Sends messages and calls `save(sent, refused)` once, inside of the transaction that records them.
Send = Callable[[Sequence[Message], Callable[[int, int], None]], None]


@dataclass(frozen=True)
class EventReplay:
    """A row of relay_replays; models/relay.py describes the fields."""

    id: int
    destination_id: int
    recorded_from: datetime
    recorded_before: datetime
    tenant_id: int | None
    types: list[str] | None
    events_per_second: int
    state: str
    sent: int
    refused: int
    requested_by: str
    created_at: datetime
    finished_at: datetime | None

    def reader(self, destination: Destination) -> Reader:
        tenants = None if self.tenant_id is None else (self.tenant_id,)
        return Reader(
            f"{READER_PREFIX}{destination.name} replay {self.id}",
            EventFilter(
                tenant_ids=destination.events.tenant_ids if tenants is None else tenants,
                types=destination.events.types if self.types is None else tuple(self.types),
                recorded_from=self.recorded_from,
                recorded_before=self.recorded_before,
                of_existing_tenants=True,
            ),
        )


_SELECT = f"SELECT {', '.join(column.name for column in fields(EventReplay))} FROM relay_replays"  # noqa: S608 - only our constants
_RUNNING = f"{_SELECT} WHERE destination_id = %s AND state = 'running' ORDER BY id LIMIT 1"
_OF_DESTINATION = f"{_SELECT} WHERE destination_id = %s ORDER BY id DESC LIMIT %s"
_COUNT = "UPDATE relay_replays SET sent = sent + %s, refused = refused + %s WHERE id = %s AND state = 'running'"
_FINISH = "UPDATE relay_replays SET state = %s, finished_at = now() WHERE id = %s AND state = 'running'"


def newest(conn: psycopg.Connection[Any], destination_id: int, limit: int) -> list[EventReplay]:
    with conn.cursor(row_factory=class_row(EventReplay)) as rows:
        return rows.execute(_OF_DESTINATION, [destination_id, limit]).fetchall()


def running(conn: psycopg.Connection[Any], destination_id: int) -> EventReplay | None:
    """The oldest replay that is not finished: they run one after the other."""
    with conn.cursor(row_factory=class_row(EventReplay)) as rows:
        return rows.execute(_RUNNING, [destination_id]).fetchone()


def end(conn: psycopg.Connection[Any], destination: Destination, replay: EventReplay, state: str) -> None:
    """Set the state of a running replay to "done" or "cancelled", and forget its cursor."""
    conn.execute(_FINISH, [state, replay.id])
    replay.reader(destination).delete(conn)


class Replaying:
    """Sends the replays of one destination, a page at a time. `send` is the outlet's."""

    def __init__(self, conn: psycopg.Connection[Any], send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self._conn, self._send, self._clock = conn, send, clock
        self._next_page = 0.0

    def send_some(self, destination: Destination) -> float | None:
        """Send the next page if one is due at the replay's rate. Returns the seconds until the next, None without a replay."""
        replay = running(self._conn, destination.id)
        if replay is None:
            return None
        if self._clock() < self._next_page:
            return self._next_page - self._clock()
        limit = min(PAGE_EVENTS, replay.events_per_second)
        self._next_page = self._clock() + limit / replay.events_per_second
        diff = replay.reader(destination).begin(self._conn)
        events = diff.read(limit) if diff is not None else []
        if diff is None or not events:
            with self._conn.transaction():
                end(self._conn, destination, replay, "done")
                audit.write(self._conn, destination, audit.WORKER, "finished a replay", f"replay {replay.id}")
            return 0.0
        messages = messages_of(self._conn, events, 0, destination.incarnation, replay=str(replay.id))
        last_id = events[-1].id

        def save(sent: int, refused: int) -> None:
            self._conn.execute(_COUNT, [sent, refused, replay.id])
            diff.advance(last_id)

        self._send(messages, save)
        return self._next_page - self._clock()
