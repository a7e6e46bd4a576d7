"""Held events: an event that the broker refused (a dead letter), and the later events of its order, which wait behind it.

Only the relay worker changes these rows, between two pages; `retry` and `skip` are requests to it. So a page that is repeated
after a crash has the same events with the same sequences.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ..outbox.diff import OutboxEvent
from .arrays import array_text

RETRY, SKIP = "retry", "skip"
# A broker's reason is shown on a page and may be long.
MAX_REASON_CHARS = 500

_HOLD = """
INSERT INTO relay_held_events (destination_id, event_id, recorded_at, tenant_id, order_id, event, reason, attempts,
    last_attempt_at)
VALUES (%(destination)s, %(event_id)s, %(recorded_at)s, %(tenant_id)s, %(order_id)s, %(event)s, %(reason)s, %(attempts)s,
    CASE WHEN %(attempts)s > 0 THEN now() END)
"""
_HELD_ORDERS = (
    "SELECT DISTINCT order_id FROM relay_held_events WHERE destination_id = %s AND order_id = ANY (%s::bigint[])"
)
# The first held event of each order, where a request or the end of an earlier dead letter releases it.
_RELEASED = """
SELECT * FROM (
    SELECT DISTINCT ON (h.order_id) h.event_id, h.recorded_at, h.event, h.reason, h.attempts, h.requested
    FROM relay_held_events h WHERE h.destination_id = %(destination)s ORDER BY h.order_id, h.event_id
) AS first
WHERE reason IS NULL OR requested IS NOT NULL ORDER BY event_id LIMIT %(limit)s
"""
_REMOVE = "DELETE FROM relay_held_events WHERE destination_id = %s AND event_id = ANY (%s)"
_REFUSED_AGAIN = """
UPDATE relay_held_events SET reason = %(reason)s, attempts = attempts + 1, last_attempt_at = now(), requested = NULL,
    requested_at = NULL
WHERE destination_id = %(destination)s AND event_id = %(event_id)s
"""
_REQUEST = """
UPDATE relay_held_events SET requested = %(verb)s, requested_at = now()
WHERE destination_id = %(destination)s AND reason IS NOT NULL AND requested IS NULL AND {which}
"""


@dataclass(frozen=True)
class ReleasedEvent:
    """A held event that is to be sent (`requested` RETRY or None) or dropped (SKIP)."""

    event_id: int
    recorded_at: datetime
    event: dict[str, Any]
    reason: str | None
    attempts: int
    requested: str | None

    @property
    def outbox_event(self) -> OutboxEvent:
        values = dict(self.event)
        for name in ("recorded_at", "occurred_at"):
            values[name] = datetime.fromisoformat(values[name])
        for name in ("old_values", "new_values"):
            values[name] = None if values[name] is None else json.dumps(values[name])
        return OutboxEvent(**values)


def held_orders(conn: psycopg.Connection[Any], destination_id: int, order_ids: Iterable[int]) -> set[int]:
    """Those of the orders that have a held event."""
    rows = conn.execute(_HELD_ORDERS, [destination_id, array_text(set(order_ids))]).fetchall()
    return {row[0] for row in rows}


def hold(
    conn: psycopg.Connection[Any], destination_id: int, events: Iterable[OutboxEvent], reasons: Mapping[int, str]
) -> None:
    """Hold events, in the caller's transaction. `reasons` has those that were refused, by event id."""
    rows = []
    for event in events:
        reason = reasons.get(event.id)
        rows.append(
            {
                "destination": destination_id,
                "event_id": event.id,
                "recorded_at": event.recorded_at,
                "tenant_id": event.tenant_id,
                "order_id": event.order_id,
                "event": Jsonb(_decoded(event), dumps=lambda value: json.dumps(value, default=datetime.isoformat)),
                "reason": None if reason is None else reason[:MAX_REASON_CHARS],
                "attempts": 0 if reason is None else 1,
            }
        )
    if rows:
        with conn.cursor() as cursor:
            cursor.executemany(_HOLD, rows)


def _decoded(event: OutboxEvent) -> dict[str, Any]:
    """The event with its values as objects, for those who look into the table."""
    old, new = (None if text is None else json.loads(text) for text in (event.old_values, event.new_values))
    return event._replace(old_values=None, new_values=None)._asdict() | {"old_values": old, "new_values": new}


def request(conn: psycopg.Connection[Any], destination_id: int, verb: str, event_ids: Sequence[int] | None) -> int:
    """Ask for RETRY or SKIP of dead letters: those of the events, or all (None). Returns the number of new requests."""
    which = sql.SQL("true" if event_ids is None else "event_id = ANY (%(events)s)")
    values = {"destination": destination_id, "verb": verb, "events": None if event_ids is None else list(event_ids)}
    return conn.execute(sql.SQL(_REQUEST).format(which=which), values).rowcount


def released(conn: psycopg.Connection[Any], destination_id: int, limit: int) -> list[ReleasedEvent]:
    """The events to send or drop now, at most one per order."""
    with conn.cursor(row_factory=class_row(ReleasedEvent)) as rows:
        return rows.execute(_RELEASED, {"destination": destination_id, "limit": limit}).fetchall()


def remove(conn: psycopg.Connection[Any], destination_id: int, event_ids: Sequence[int]) -> None:
    """Remove events that were sent or dropped, in the caller's transaction."""
    conn.execute(_REMOVE, [destination_id, list(event_ids)])


def refused_again(conn: psycopg.Connection[Any], destination_id: int, reasons: Mapping[int, str]) -> None:
    """Count another refusal; the event is a dead letter again and its request is over. In the caller's transaction."""
    for event_id, reason in reasons.items():
        values = {"destination": destination_id, "event_id": event_id, "reason": reason[:MAX_REASON_CHARS]}
        conn.execute(_REFUSED_AGAIN, values)
