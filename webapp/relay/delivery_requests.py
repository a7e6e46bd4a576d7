"""Requests of managers for deliveries of a webhook: make them again, or skip them. Each is in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql

# Each transaction that changes states holds this row, the worker's too.
_HOLD = "SELECT FROM relay_destinations WHERE id = %s FOR NO KEY UPDATE"
_MAKE_AGAIN = """
UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = now(), done_at = NULL
WHERE destination_id = %(destination)s AND {which} RETURNING id
"""
_SKIP = """
UPDATE webhook_deliveries SET state = 'skipped', done_at = now(), reason = coalesce(%(reason)s, reason)
WHERE destination_id = %(destination)s AND {which} RETURNING id
"""
# In the orders of the given deliveries: the first open delivery is not blocked, the later ones are.
_BLOCK = """
UPDATE webhook_deliveries d SET is_blocked = NOT d.is_blocked
FROM (SELECT DISTINCT order_id, replay_id FROM webhook_deliveries WHERE id = ANY (%(ids)s)) AS changed
WHERE d.destination_id = %(destination)s AND d.order_id = changed.order_id
    AND coalesce(d.replay_id, 0) = coalesce(changed.replay_id, 0) AND d.state = 'waiting'
    AND d.is_blocked <> EXISTS (
        SELECT FROM webhook_deliveries e
        WHERE e.destination_id = d.destination_id AND e.order_id = d.order_id AND e.id < d.id
            AND e.state IN ('waiting', 'dead') AND coalesce(e.replay_id, 0) = coalesce(d.replay_id, 0))
"""


def retry(conn: psycopg.Connection[Any], destination_id: int, event_ids: Sequence[int] | None) -> int:
    """Make the dead deliveries of the events again, or all (None). Returns their number."""
    return _change(conn, _MAKE_AGAIN, destination_id, "state = 'dead'" + _of(event_ids), events=_list(event_ids))


def skip(conn: psycopg.Connection[Any], destination_id: int, event_ids: Sequence[int] | None) -> int:
    """Skip the dead deliveries of the events, or all (None). Returns their number."""
    which: LiteralString = "state = 'dead'"
    return _change(conn, _SKIP, destination_id, which + _of(event_ids), events=_list(event_ids), reason=None)


def resend(conn: psycopg.Connection[Any], destination_id: int, delivery_id: int) -> int:
    """Make a finished delivery again. Returns 1, or 0 without a finished delivery of this id."""
    return _change(conn, _MAKE_AGAIN, destination_id, "id = %(id)s AND state <> 'waiting'", id=delivery_id)


def resend_failed(conn: psycopg.Connection[Any], destination_id: int, since: datetime) -> int:
    """Make all deliveries again that failed for good since a time. Returns their number."""
    return _change(conn, _MAKE_AGAIN, destination_id, "state = 'dead' AND done_at >= %(since)s", since=since)


def skip_waiting(conn: psycopg.Connection[Any], destination_id: int, reason: str) -> int:
    """Skip each delivery that was not made yet. Dead letters stay. Returns their number."""
    return _change(conn, _SKIP, destination_id, "state = 'waiting'", reason=reason)


def skip_replayed(conn: psycopg.Connection[Any], destination_id: int, reason: str) -> int:
    """Skip the open deliveries of all replays. Returns their number."""
    return _change(conn, _SKIP, destination_id, "state IN ('waiting', 'dead') AND replay_id IS NOT NULL", reason=reason)


def _change(
    conn: psycopg.Connection[Any], statement: LiteralString, destination_id: int, which: LiteralString, **values: Any
) -> int:
    values["destination"] = destination_id
    conn.execute(_HOLD, [destination_id])
    ids = [row[0] for row in conn.execute(sql.SQL(statement).format(which=sql.SQL(which)), values).fetchall()]
    if ids:
        conn.execute(_BLOCK, {"destination": destination_id, "ids": ids})
    return len(ids)


def _of(event_ids: Sequence[int] | None) -> LiteralString:
    return "" if event_ids is None else " AND event_id = ANY (%(events)s)"


def _list(event_ids: Sequence[int] | None) -> list[int] | None:
    return None if event_ids is None else list(event_ids)
