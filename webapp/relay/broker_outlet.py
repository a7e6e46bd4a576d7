"""The outlet of brokers: events become messages, messages are sent in waves, refused ones hold their order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    """The messages of a page, made for the sequence that follows the page before it."""

    events: Sequence[OutboxEvent]
    messages: Sequence[Message]
    first_sequence: int
    incarnation: int

    def holds(self, destination: Destination) -> bool:
        return (self.first_sequence, self.incarnation) == (destination.next_sequence, destination.incarnation)


class BrokerOutlet:
    """Sends the events of one destination through `sender`. relaying.Outlet describes the methods."""

    def __init__(self, conn: psycopg.Connection[Any], name: str, lease: Lease, sender: Sender) -> None:
        self._conn, self._name, self._lease, self._sender = conn, name, lease, sender
        # One thread sends while this one reads on; the connection to the database stays with this one.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="relay send")
        self._prepared: _Prepared | None = None
        self._replaying = Replaying(conn, self._send_replay)

    def handle(
        self,
        destination: Destination,
        events: Sequence[OutboxEvent],
        save: Callable[[int, int], None],
        read_ahead: Callable[[], Sequence[OutboxEvent]],
    ) -> None:
        waiting = held.held_orders(self._conn, destination.id, (event.order_id for event in events))
        messages = self._messages(destination, events, waiting)
        sending = self._pool.submit(self._send, messages)
        try:
            self._prepare(destination, read_ahead(), len(messages))
        finally:
            page = sending.result()
        not_sent = set(page.refused) | set(page.behind)
        with self._conn.transaction():
            save(len(messages), len(page.acknowledged))
            receipts.write(self._conn, destination.id, page.acknowledged)
            kept = [event for event in events if event.order_id in waiting or event.id in not_sent]
            held.hold(self._conn, destination.id, kept, page.refused)

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
        """Nothing is in flight between two pages."""

    def close(self) -> None:
        self._pool.shutdown()
        self._sender.close()

    def _messages(
        self, destination: Destination, events: Sequence[OutboxEvent], waiting: Collection[int]
    ) -> Sequence[Message]:
        """The messages of a page without those of orders that wait; as they were prepared, when they still hold."""
        prepared, self._prepared = self._prepared, None
        if not waiting and prepared and prepared.events is events and prepared.holds(destination):
            return prepared.messages
        sendable = [event for event in events if event.order_id not in waiting]
        return messages_of(self._conn, sendable, destination.next_sequence, destination.incarnation)

    def _prepare(self, destination: Destination, events: Sequence[OutboxEvent], numbered: int) -> None:
        """Make the messages of the next page while the acknowledgements of this one are awaited."""
        if events:
            first = destination.next_sequence + numbered
            messages = messages_of(self._conn, events, first, destination.incarnation)
            for message in messages:
                # Kept by the message, for the sender.
                _ = message.attributes
            self._prepared = _Prepared(events, messages, first, destination.incarnation)

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
