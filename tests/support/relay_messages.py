"""Messages of the relay for tests of its senders."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from webapp.outbox.diff import OutboxEvent
from webapp.relay.message import Message

_numbers = itertools.count(1)


def message(type: str = "paid", *, order_id: int | None = None, tenant: str = "acme", size: int = 0) -> Message:
    """A message of a new event; of a new order if none is named. `size` adds bytes to its payload."""
    number = next(_numbers)
    now = datetime.now(UTC)
    event = OutboxEvent(
        id=number,
        recorded_at=now,
        tenant_id=1,
        order_id=number if order_id is None else order_id,
        type=type,
        owner_id=7,
        actor_id=7,
        claimed_actor_id=None,
        written_by=None,
        via="web",
        amount_minor=12_45,
        old_values='{"status": "open"}',
        new_values=json.dumps({"status": type, "note": "x" * size}),
        occurred_at=now,
    )
    return Message(event, tenant, f"A-{number}", "EUR", number)


def wave(count: int) -> list[Message]:
    """One message per order."""
    return [message() for _ in range(count)]


def kinds(outcomes: Sequence[object]) -> list[str]:
    """The names of the outcomes' classes."""
    return [type(outcome).__name__ for outcome in outcomes]
