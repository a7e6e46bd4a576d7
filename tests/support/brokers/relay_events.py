"""Messages of the relay without a database: events of a few orders in turn."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from webapp.outbox.diff import OutboxEvent
from webapp.relay.message import Message
from webapp.relay.senders.base import Acknowledged, Outcome

_BEGIN = datetime(2026, 11, 26, 12, tzinfo=UTC)
ORDERS = 5


def message(
    sequence: int = 1,
    *,
    event: int | None = None,
    order: int = 0,
    tenant: str = "acme",
    type: str = "paid",
    incarnation: int = 1,
    replay: str | None = None,
    data_bytes: int = 0,
) -> Message:
    """The event `event`, by default with the number of its sequence, of the order `order`, by default one of ORDERS in turn."""
    number = sequence if event is None else event
    moment = _BEGIN + timedelta(seconds=number)
    order_id = order or number % ORDERS + 1
    old, new = '{"status": "new"}', json.dumps({"status": "paid", "note": "x" * data_bytes})
    row = OutboxEvent(number, moment, 1, order_id, type, 2, None, None, None, "psql", 1245, old, new, moment)
    return Message(row, tenant, f"#{order_id}", "EUR", sequence, incarnation, replay)


def page(first: int, last: int) -> list[Message]:
    """The messages of the sequences `first` to `last`."""
    return [message(sequence) for sequence in range(first, last + 1)]


def positions(outcomes: Iterable[Outcome]) -> list[str]:
    """The positions of outcomes, which must all be Acknowledged."""
    found = []
    for outcome in outcomes:
        assert isinstance(outcome, Acknowledged), outcome
        found.append(outcome.position)
    return found
