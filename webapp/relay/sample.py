"""A sample message, for the test of a destination: an event of each type that no order has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ..outbox.diff import OutboxEvent
from .message import Message

_VALUES: dict[str, tuple[int | None, dict[str, Any] | None, dict[str, Any] | None]] = {
    "placed": (4200, None, {"status": "placed", "total_minor": 4200, "currency": "EUR"}),
    "paid": (4200, {"status": "placed"}, {"status": "paid"}),
    "shipped": (None, {"status": "paid"}, {"status": "shipped"}),
    "refunded": (1000, {"status": "paid", "refunded_minor": 0}, {"status": "paid", "refunded_minor": 1000}),
    "cancelled": (None, {"status": "placed"}, {"status": "cancelled"}),
    "reassigned": (None, {"owner_id": None}, {"owner_id": 1}),
    "edited": (None, {"customer": "Sample"}, {"customer": "Sample Ltd"}),
    "payment_corrected": (
        4200,
        {"status": "paid", "paid_at": "2026-01-02T12:00:00+00:00"},
        {"status": "placed", "paid_at": None, "reason": "Sample"},
    ),
    "shipment_corrected": (
        None,
        {"status": "shipped", "shipped_at": "2026-01-03T12:00:00+00:00"},
        {"status": "paid", "shipped_at": None, "reason": "Sample"},
    ),
    "commented": (None, None, {"comment_id": 1, "change": "added"}),
    "deleted": (
        None,
        {
            "number": "SAMPLE",
            "status": "placed",
            "total_minor": 4200,
            "placed_at": "2026-01-01T12:00:00+00:00",
            "paid_at": None,
        },
        None,
    ),
}


def sample_message(event_type: str, tenant: str, now: datetime | None = None) -> Message:
    """A message marked as a test, with an id of its own. Raises KeyError for an unknown type."""
    now = now or datetime.now(UTC)
    amount, old, new = _VALUES[event_type]
    before, after = (None if values is None else json.dumps(values) for values in (old, new))
    event = OutboxEvent(0, now, 0, 0, event_type, None, None, None, None, "doorbell test", amount, before, after, now)
    return Message(event, tenant, "SAMPLE", "EUR", sequence=0, is_test=True)
