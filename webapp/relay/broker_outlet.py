"""The outlet of brokers: events become messages, messages are sent in waves, refused ones hold their order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import psycopg

from ..observability.metrics import relay as metrics
from ..outbox.diff import OutboxEvent
from . import audit, held, receipts
from .destinations import Destination
from .held import ReleasedEvent
from .lease import Lease
from .message import Message
from .messages import messages_of
from .replays import Replaying
from .senders.base import Sender
from .waves import SentPage, send_page

# Released events per wave, one per order.
RELEASED_EVENTS = 200

_COUNT = "next_sequence = next_sequence + %(messages)s, sent = sent + %(sent)s, last_sent_at = now()"


@dataclass(frozen=True)
class _Prepared:
    """The messages of a page without those of the orders that wait, for the sequence that follows the page before it."""

    events: Sequence[OutboxEvent]
    waiting: Collection[int]
    messages: Sequence[Message]
    first_sequence: int
    incarnation: int

    def holds(self, destination: Destination, events: Sequence[OutboxEvent]) -> bool:
        position = destination.next_sequence, destination.incarnation
        return events is self.events and position == (self.first_sequence, self.incarnation)


class BrokerOutlet:
    """Sends the events of one destination through `sender`. relaying.Outlet describes the methods."""

    def __init__(self, conn: psycopg.Connection[Any], name: str, lease: Lease, sender: Sender) -> None:
        self._conn, self._name, self._lease, self._sender = conn, name, lease, sender
        # One thread sends while this one reads on; the connection to the database stays with this one.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="relay send")
        self._prepared: _Prepared | None = None
        # Of the prepared page, once all of the page before it is acknowledged: its cursor is saved meanwhile.
        self._sending: Future[SentPage] | None = None
        self._replaying = Replaying(conn, self._send_replay)

    def handle(
        self,
        destination: Destination,
        events: Sequence[OutboxEvent],
        save: Callable[[int, int], None],
        read_ahead: Callable[[], Sequence[OutboxEvent]],
    ) -> None:
        page = self._begun(destination, events)
        sending, self._sending = self._sending or self._pool.submit(self._send, page.messages), None
        try:
            following = self._prepare(destination, read_ahead(), destination.next_sequence + len(page.messages))
        finally:
            sent = sending.result()
        not_sent = set(sent.refused) | set(sent.behind)
        # A refused message holds its order in the following page too.
        self._prepared = None if not_sent else following
        if self._prepared:
            self._sending = self._pool.submit(self._send, self._prepared.messages)
        with self._conn.transaction():
            save(len(page.messages), len(sent.acknowledged))
            receipts.write(self._conn, destination.id, sent.acknowledged)
            kept = [event for event in events if event.order_id in page.waiting or event.id in not_sent]
            held.hold(self._conn, destination.id, kept, sent.refused)

    @property
    def is_sending(self) -> bool:
        return self._sending is not None

    def handle_others(self, destination: Destination) -> float | None:
        found = held.released(self._conn, destination.id, RELEASED_EVENTS)
        skipped = [event for event in found if event.requested == held.SKIP]
        if skipped:
            self._skip(destination, skipped)
        elif found:
            self._release(destination, found)
        if found:
            # The next of these orders may be released now, and the sequence has moved.
            return 0.0
        return self._replaying.send_some(destination)

    def finish(self, destination: Destination) -> None:
        """After an error a page may be under way. Nothing is known of it, so it is sent again."""
        if self._sending is not None:
            wait([self._sending])
        self._sending = self._prepared = None

    def close(self) -> None:
        self._pool.shutdown()
        self._sender.close()

    def _begun(self, destination: Destination, events: Sequence[OutboxEvent]) -> _Prepared:
        """The page of the events; as it was prepared, when it still holds."""
        prepared, self._prepared = self._prepared, None
        if prepared is None or not prepared.holds(destination, events):
            self.finish(destination)
            prepared = self._prepare(destination, events, destination.next_sequence)
        return prepared or _Prepared(events, (), (), destination.next_sequence, destination.incarnation)

    def _prepare(self, destination: Destination, events: Sequence[OutboxEvent], first: int) -> _Prepared | None:
        """Make the messages of a page, beginning with the sequence `first`; None without events."""
        if not events:
            return None
        waiting = held.held_orders(self._conn, destination.id, (event.order_id for event in events))
        sendable = [event for event in events if event.order_id not in waiting] if waiting else events
        messages = messages_of(self._conn, sendable, first, destination.incarnation)
        for message in messages:
            # Kept by the message, for the sender.
            _ = message.structured if self._sender.is_structured else (message.attributes, message.data)
        return _Prepared(events, waiting, messages, first, destination.incarnation)

    def _skip(self, destination: Destination, events: Sequence[ReleasedEvent]) -> None:
        with self._conn.transaction():
            self._lease.check(self._conn)
            held.remove(self._conn, destination.id, [event.event_id for event in events])
            for event in events:
                audit.write(self._conn, destination, audit.WORKER, "skipped", f"event {event.event_id}: {event.reason}")

    def _release(self, destination: Destination, found: Sequence[ReleasedEvent]) -> None:
        """Send held events, one per order, with new sequences: those that they had have been passed by other orders."""
        events = [event.outbox_event for event in found]
        messages = messages_of(self._conn, events, destination.next_sequence, destination.incarnation)
        page = self._send(messages)
        # The event of a tenant deleted meanwhile has no message.
        gone = {event.id for event in events} - {message.event.id for message in messages}
        with self._conn.transaction():
            self._lease.update(self._conn, _COUNT, {"messages": len(messages), "sent": len(page.acknowledged)})
            receipts.write(self._conn, destination.id, page.acknowledged)
            held.remove(self._conn, destination.id, [*page.acknowledged, *gone])
            held.refused_again(self._conn, destination.id, page.refused)

    def _send_replay(self, messages: Sequence[Message], save: Callable[[int, int], None]) -> None:
        page = self._send(messages)
        with self._conn.transaction():
            self._lease.check(self._conn)
            save(len(page.acknowledged), len(page.refused) + len(page.behind))

    def _send(self, messages: Sequence[Message]) -> SentPage:
        if not messages:
            return SentPage()
        with metrics.PAGE_SECONDS.labels(self._name).time():
            page = send_page(self._sender, messages)
        metrics.SENT.labels(self._name).inc(len(page.acknowledged))
        metrics.REPEATED.labels(self._name).inc(page.repeats)
        metrics.REFUSED.labels(self._name).inc(len(page.refused))
        return page
