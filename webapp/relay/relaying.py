"""Relaying: one destination's events, page by page, from its saved cursor to the present.

An outlet (broker_outlet.py, webhook_outlet.py) handles each page: it sends the page, and saves what became of it in one
transaction with the cursor. A worker killed in between sends the page again with the same ids and the same sequences.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import psycopg

from ..concurrency.stop_signal import StopSignal
from ..observability import logs
from ..outbox.cursor import Cursor, UnusableCursor, adopt_foreign_rows
from ..outbox.diff import Diff, OutboxEvent
from . import destinations
from .destinations import ACTIVE, Destination
from .lease import Fenced, Lease
from .senders.base import SequenceUsed

# Events per page: one MULTI, or some waves. A repeat after a crash is at most two pages.
PAGE_EVENTS = 1000
# Between the beginnings of two diffs, unless the first has a full page: each costs two commits, which writers would feel.
DIFF_SECONDS = 0.04
# More with each event of the first one: at 2,000 changes per second a diff has hundreds of events, and writers keep the cores.
SECONDS_PER_EVENT = 0.0005
MAX_DIFF_SECONDS = 0.2
# After a restore into another cluster, events since this long before the last reading are sent again.
REWIND = timedelta(hours=1)
# Between two looks for new events while something else is due soon.
MAX_PAUSE_SECONDS = 0.2

_SAVE = """
next_sequence = next_sequence + %(numbered)s, sent = sent + %(sent)s,
last_sent_at = CASE WHEN %(sent)s > 0 THEN now() ELSE last_sent_at END,
failing_since = CASE WHEN %(has_answered)s THEN NULL ELSE failing_since END
"""
_NEXT_INCARNATION = "incarnation = incarnation + 1"

log = logs.get("relay")


class Outlet(Protocol):
    """Handles the events of one destination."""

    def handle(
        self,
        destination: Destination,
        events: Sequence[OutboxEvent],
        save: Callable[[int, int | None], None],
        read_ahead: Callable[[], Sequence[OutboxEvent]],
    ) -> None:
        """Handle a page. Calls `save(numbered, sent)` once, inside of the transaction that records what became of the
        events: it moves the cursor, and the sequence by `numbered`. `sent` is None when the destination has not answered yet.
        May call `read_ahead` before, while it waits: the events that will be the next page. May begin to send these.
        Raises senders.base.BrokerAway, SequenceUsed.
        """
        ...

    @property
    def is_sending(self) -> bool:
        """Whether the next page is being sent already."""
        ...

    def handle_others(self, destination: Destination) -> float | None:
        """Send what is due besides new events, such as released ones. Returns the seconds until more is due, None for
        nothing known.
        """
        ...

    def finish(self, destination: Destination) -> None:
        """Wait for what is in flight, before the lease is released."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


class Relaying:
    """One run for a destination, by the worker that holds its lease. `seen` gets the destination between two pages."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        lease: Lease,
        outlet: Outlet,
        stop: StopSignal,
        seen: Callable[[Destination], None] = lambda _destination: None,
    ) -> None:
        self._conn, self._lease, self._outlet, self._stop, self._seen = conn, lease, outlet, stop, seen
        self.destination = self._load()
        self._next_diff = 0.0

    def run(self, until: float) -> bool:
        """Relay until there is nothing to do, or until `until` (time.monotonic). True when there may be more.

        Raises BrokerAway, ClientMissing, Fenced, psycopg.Error.
        """
        try:
            while self._may_go_on(until):
                wait = self._relay_some(until)
                if wait is None or (wait and time.monotonic() + wait > until):
                    return False
                if wait:
                    self._stop.wait(min(wait, MAX_PAUSE_SECONDS))
            return self.destination.state == ACTIVE
        finally:
            self._outlet.finish(self.destination)

    def _relay_some(self, until: float) -> float | None:
        """Relay one diff. Returns the seconds until more is due, None for nothing known."""
        try:
            return self._relay_diff(until)
        except SequenceUsed:
            self._begin_incarnation()
            return 0.0

    def _relay_diff(self, until: float) -> float | None:
        # In the middle of a diff nothing else is sent, so that a repeated page gets the same sequences.
        is_between = self._usable_cursor().target is None
        wait = self._outlet.handle_others(self.destination) if is_between else 0.0
        self._stop.wait(self._next_diff - time.monotonic())
        begun = time.monotonic()
        self._next_diff = begun + DIFF_SECONDS
        diff = self.destination.reader.begin(self._conn)
        if diff is None:
            return wait
        while not diff.is_finished and self._may_go_on(until):
            events = diff.read(PAGE_EVENTS)
            self._next_diff = begun + _seconds_after(len(events))
            if events:
                save, ahead = partial(self._save, diff, events), partial(self._read_ahead, diff, until)
                self._outlet.handle(self.destination, events, save, ahead)
            else:
                diff.finish()
        return 0.0

    def _save(self, diff: Diff, events: Sequence[OutboxEvent], numbered: int, sent: int | None) -> None:
        values = {"numbered": numbered, "sent": sent or 0, "has_answered": sent is not None}
        self._lease.update(self._conn, _SAVE, values)
        diff.advance(events[-1].id)
        if diff.is_read:
            diff.finish()

    def _read_ahead(self, diff: Diff, until: float) -> Sequence[OutboxEvent]:
        """The next page; nothing when the run ends before it."""
        return [] if self._is_over(until) else diff.read_ahead(PAGE_EVENTS)

    def _may_go_on(self, until: float) -> bool:
        # A page under way is awaited and saved, whatever happened meanwhile.
        if self._is_over(until) and not self._outlet.is_sending:
            return False
        self.destination = self._load()
        self._seen(self.destination)
        return self.destination.state == ACTIVE or self._outlet.is_sending

    def _is_over(self, until: float) -> bool:
        return self._stop.requested or time.monotonic() >= until

    def _load(self) -> Destination:
        destination = destinations.by_id(self._conn, self._lease.destination_id)
        if destination is None:
            raise Fenced(f"destination {self._lease.destination_id} was removed")
        return destination

    def _usable_cursor(self) -> Cursor:
        """The saved cursor, after a check that it is valid here.

        A failover or a point-in-time restore begins a new incarnation, because the saved sequence may be an older one. In
        another cluster the snapshot means nothing, so reading begins again some time before the last reading.
        """
        reader = self.destination.reader
        saved, now = reader.saved(self._conn), reader.present(self._conn)
        if saved is None:
            raise UnusableCursor(f"{reader.name}: there is no cursor yet")
        if saved.system_identifier != now.system_identifier:
            return self._rewind(saved.drained_at - REWIND)
        if saved.timeline != now.timeline:
            self._begin_incarnation()
        return saved

    def _rewind(self, since: datetime) -> Cursor:
        log.warning("the database is in another cluster; sending again", destination=self.destination.name, since=since)
        reader = self.destination.reader
        with self._conn.transaction():
            self._lease.update(self._conn, f"{_NEXT_INCARNATION}, recorded_from = %(since)s", {"since": since})
            adopt_foreign_rows(self._conn)
            cursor = reader.save(self._conn, reader.beginning(self._conn))
        self.destination = self._load()
        return cursor

    def _begin_incarnation(self) -> None:
        """Number in a new incarnation from now on."""
        self._lease.update(self._conn, _NEXT_INCARNATION)
        self.destination = self._load()


def _seconds_after(events: int) -> float:
    """The time from the beginning of a diff, whose last page has so many events, to the next one. A full page is a backlog."""
    return 0.0 if events == PAGE_EVENTS else min(DIFF_SECONDS + events * SECONDS_PER_EVENT, MAX_DIFF_SECONDS)
