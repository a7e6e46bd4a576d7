"""Messages of the relay, made from the events of a test's database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import psycopg

from webapp.outbox.diff import OutboxEvent
from webapp.relay.message import Message

from .diffs import RELAY, begun

_ORDERS = """
SELECT t.id, t.slug, o.id, o.number, o.currency FROM tenants t LEFT JOIN orders o ON o.tenant_id = t.id
"""
_MOMENT = datetime(2026, 1, 2, 10, 0, 0, 5, tzinfo=UTC)
PAID = OutboxEvent(
    id=42,
    recorded_at=_MOMENT,
    tenant_id=3,
    order_id=7,
    type="paid",
    owner_id=5,
    actor_id=None,
    claimed_actor_id=None,
    written_by="doorbell",
    via="psql",
    amount_minor=12900,
    old_values='{"status": "placed"}',
    new_values='{"status": "paid"}',
    occurred_at=_MOMENT,
)


def message(event: OutboxEvent = PAID, sequence: int = 1, **changes: object) -> Message:
    return replace(Message(event, "acme", "SHOP-1", "EUR", sequence), **changes)  # type: ignore[arg-type]


def relayed(conn: psycopg.Connection) -> list[Message]:
    """A message for each event that is kept, in order, with the orders as they are now."""
    RELAY.save(conn, RELAY.beginning(conn))
    events = begun(conn).read(1000)
    rows = conn.execute(_ORDERS).fetchall()
    slugs = {row[0]: row[1] for row in rows}
    orders = {row[2]: (row[3], row[4]) for row in rows}
    return [
        Message(event, slugs[event.tenant_id], *orders.get(event.order_id, (None, None)), sequence=n)
        for n, event in enumerate(events, 1)
    ]
