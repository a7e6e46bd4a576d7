"""Deliveries of webhooks: one row per event and webhook, each with its own attempts.

Per order they are made one after the other: a delivery is blocked while an earlier one of its order is open, that is, waiting
or dead. A replay has an order of its own, beside the live deliveries. Each transaction that changes states holds the row of the
webhook, so `is_blocked` is exact. Only the worker that holds the lease of the webhook makes attempts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from .message import Message

DELIVERED, DEAD, WAITING = "delivered", "dead", "waiting"

_INSERT = """
INSERT INTO webhook_deliveries
    (destination_id, tenant_id, order_id, event_id, type, message_id, body, replay_id, is_blocked)
VALUES (%(destination)s, %(tenant_id)s, %(order_id)s, %(event_id)s, %(type)s, %(message_id)s, %(body)s, %(replay)s, EXISTS (
    SELECT FROM webhook_deliveries e
    WHERE e.destination_id = %(destination)s AND e.order_id = %(order_id)s AND e.state IN ('waiting', 'dead')
        AND coalesce(e.replay_id, 0) = coalesce(%(replay)s::bigint, 0)))
"""
_DUE = """
SELECT id, message_id, body, attempts FROM webhook_deliveries
WHERE destination_id = %(destination)s AND state = 'waiting' AND NOT is_blocked AND next_at <= now()
    AND id <> ALL (%(without)s)
ORDER BY next_at, id LIMIT %(limit)s
"""
_NEXT = """
SELECT extract(epoch FROM next_at - now())::float8 FROM webhook_deliveries
WHERE destination_id = %s AND state = 'waiting' AND NOT is_blocked ORDER BY next_at, id LIMIT 1
"""
_WAITING = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM (
    SELECT created_at FROM webhook_deliveries WHERE destination_id = %s AND state = 'waiting' LIMIT %s) AS waiting
"""
# In one statement, because the round trips bound the rate. A delivery that a manager skipped meanwhile stays skipped.
_RECORD = """
WITH attempt AS (
    SELECT * FROM unnest(
        %(id)s::bigint[], %(at)s::timestamptz[], %(status)s::int[], %(error)s::text[], %(milliseconds)s::int[],
        %(answer)s::text[], %(state)s::text[], %(reason)s::text[], %(next_at)s::timestamptz[])
    AS a (id, at, status, error, milliseconds, answer, state, reason, next_at)
), kept AS (
    INSERT INTO webhook_attempts (delivery_id, at, status, error, milliseconds, answer)
    SELECT id, at, status, error, milliseconds, answer FROM attempt ORDER BY at
)
UPDATE webhook_deliveries d SET state = attempt.state, attempts = d.attempts + 1, reason = attempt.reason,
    next_at = coalesce(attempt.next_at, d.next_at), done_at = CASE WHEN attempt.state <> 'waiting' THEN now() END
FROM attempt WHERE d.id = attempt.id AND d.state = 'waiting'
"""
_RECORDED = ("id", "at", "status", "error", "milliseconds", "answer", "state", "reason", "next_at")
_UNBLOCK_NEXT = """
UPDATE webhook_deliveries d SET is_blocked = false
FROM webhook_deliveries done CROSS JOIN LATERAL (
    SELECT e.id FROM webhook_deliveries e
    WHERE e.destination_id = done.destination_id AND e.order_id = done.order_id AND e.state IN ('waiting', 'dead')
        AND coalesce(e.replay_id, 0) = coalesce(done.replay_id, 0)
    ORDER BY e.id LIMIT 1) AS first
WHERE done.id = ANY (%s) AND d.id = first.id AND d.is_blocked
"""


@dataclass(frozen=True)
class Delivery:
    """A delivery that is due. `attempts` were made before."""

    id: int
    message_id: str
    body: bytes
    attempts: int


@dataclass(frozen=True)
class Attempt:
    """A finished attempt, and what follows: `state` with `next_at` while it waits for the next one.

    `pause_seconds` is how long the receiver asks for no request at all, `is_gone` that it wants none any more.
    """

    id: int
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int
    answer: str | None
    state: str
    reason: str | None
    next_at: datetime | None
    pause_seconds: float
    is_gone: bool


def insert(conn: psycopg.Connection[Any], destination_id: int, messages: Sequence[Message]) -> None:
    """A waiting delivery per message, in the caller's transaction, which holds the row of the destination."""
    with conn.cursor() as cursor:
        cursor.executemany(_INSERT, [_row(destination_id, message) for message in messages])


def _row(destination_id: int, message: Message) -> dict[str, Any]:
    event = message.event
    return {
        "destination": destination_id,
        "tenant_id": event.tenant_id,
        "order_id": event.order_id,
        "event_id": event.id,
        "type": event.type,
        "message_id": message.id,
        "body": message.structured,
        "replay": None if message.replay is None else int(message.replay),
    }


def due(conn: psycopg.Connection[Any], destination_id: int, limit: int, without: Collection[int]) -> list[Delivery]:
    """The deliveries to attempt now, at most one per order, except the ids `without`."""
    values = {"destination": destination_id, "limit": limit, "without": list(without)}
    with conn.cursor(row_factory=class_row(Delivery)) as rows:
        return rows.execute(_DUE, values).fetchall()


def seconds_to_next(conn: psycopg.Connection[Any], destination_id: int) -> float | None:
    """The seconds until the next delivery is due, 0 when one is; None without any."""
    row = conn.execute(_NEXT, [destination_id]).fetchone()
    return None if row is None else max(0.0, row[0])


def waiting(conn: psycopg.Connection[Any], destination_id: int, limit: int) -> tuple[int, float]:
    """The number of deliveries that were not made yet, up to `limit`, and the age of the oldest of these in seconds."""
    row = conn.execute(_WAITING, [destination_id, limit]).fetchone()
    return (0, 0.0) if row is None else (row[0], row[1])


def record(conn: psycopg.Connection[Any], attempts: Sequence[Attempt]) -> None:
    """Save attempts and what follows from them, in the caller's transaction, which holds the row of the destination."""
    conn.execute(_RECORD, {name: [getattr(attempt, name) for attempt in attempts] for name in _RECORDED})
    delivered = [attempt.id for attempt in attempts if attempt.state == DELIVERED]
    if delivered:
        conn.execute(_UNBLOCK_NEXT, [delivered])
