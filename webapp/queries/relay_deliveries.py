"""Deliveries of a webhook with their attempts. The caller checks that the tenant sees the webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from ..db import db

PAGE_ROWS = 25

# Served by ix_webhook_deliveries_recent, _open and ix_webhook_attempts_delivery.
_COLUMNS = """
    SELECT d.id, d.event_id, d.order_id, o.number, d.type, d.state, d.attempts, d.next_at, d.reason, d.replay_id,
        d.created_at, d.done_at, last.at AS last_at, last.status, last.error, last.milliseconds,
        d.state = 'waiting' AND EXISTS (SELECT FROM webhook_deliveries e
            WHERE e.destination_id = d.destination_id AND e.order_id = d.order_id AND e.id < d.id
                AND e.state IN ('waiting', 'dead') AND e.replay_id IS NOT DISTINCT FROM d.replay_id) AS is_behind
    FROM webhook_deliveries d
        LEFT JOIN orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
        LEFT JOIN LATERAL (SELECT a.at, a.status, a.error, a.milliseconds FROM webhook_attempts a
            WHERE a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1) AS last ON true
    WHERE d.destination_id = :destination AND d.tenant_id = :tenant
"""
NEWEST_SQL = text(f"{_COLUMNS} AND d.id < :before ORDER BY d.id DESC LIMIT :limit")
ONE_SQL = text(f"{_COLUMNS} AND d.id = :id")
BODY_SQL = text("SELECT body, message_id FROM webhook_deliveries WHERE id = :id")
ATTEMPTS_SQL = text("""
    SELECT id, at, status, error, milliseconds, answer FROM webhook_attempts
    WHERE delivery_id = :id ORDER BY id DESC LIMIT :limit
""")
# A delivery has nine attempts by the schedule, and more when it is resent.
MAX_ATTEMPTS = 100


@dataclass(frozen=True)
class ShownDelivery:
    """A delivery with its last attempt (`last_at` None before the first): its status, or the error without one.

    `number` is None for a deleted order. `is_behind`: it waits for an earlier delivery of its order.
    """

    id: int
    event_id: int
    order_id: int
    number: str | None
    type: str
    state: str
    attempts: int
    next_at: datetime
    reason: str | None
    replay_id: int | None
    created_at: datetime
    done_at: datetime | None
    last_at: datetime | None
    status: int | None
    error: str | None
    milliseconds: int | None
    is_behind: bool


@dataclass(frozen=True)
class ShownAttempt:
    """One request: the status and the cut answer, or the error."""

    id: int
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int
    answer: str | None


@dataclass(frozen=True)
class DeliveryPage:
    """A delivery with its message (`body` is the JSON that is sent) and its newest attempts, newest first."""

    delivery: ShownDelivery
    message_id: str
    body: str
    attempts: list[ShownAttempt]


def newest(tenant_id: int, destination_id: int, before: int, rows: int = PAGE_ROWS) -> list[ShownDelivery]:
    """The newest deliveries before an id; one more than `rows` when there are more."""
    values = {"destination": destination_id, "tenant": tenant_id, "before": before, "limit": rows + 1}
    return [ShownDelivery(**row._mapping) for row in db.session.execute(NEWEST_SQL, values)]


def page(tenant_id: int, destination_id: int, delivery_id: int) -> DeliveryPage | None:
    """One delivery; None when this webhook has no such delivery for the tenant."""
    values = {"destination": destination_id, "tenant": tenant_id, "id": delivery_id}
    row = db.session.execute(ONE_SQL, values).one_or_none()
    if row is None:
        return None
    message = db.session.execute(BODY_SQL, {"id": delivery_id}).one()
    attempts = db.session.execute(ATTEMPTS_SQL, {"id": delivery_id, "limit": MAX_ATTEMPTS})
    return DeliveryPage(
        ShownDelivery(**row._mapping),
        message.message_id,
        bytes(message.body).decode(errors="replace"),
        [ShownAttempt(**attempt._mapping) for attempt in attempts],
    )
