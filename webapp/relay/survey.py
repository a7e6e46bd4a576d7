"""Looks at all destinations at each tick of the relay: which are active, how much each has to send, and which are late."""

from __future__ import annotations

from typing import Any

import psycopg
import redis
from psycopg.rows import tuple_row

from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import relay as metrics
from ..postgres import session
from . import active, deliveries, destinations
from .destinations import ACTIVE, Destination
from .late import late

MAX_COUNTED = 10_000

_incidents: dict[str, Incident] = {}
log = logs.get("relay")

_HELD = """
SELECT destination_id, count(*) FROM relay_held_events GROUP BY destination_id
UNION ALL SELECT destination_id, count(*) FROM webhook_deliveries WHERE state = 'dead' GROUP BY destination_id
"""


def survey(database_url: str, client: redis.Redis) -> list[int]:
    """The ids of the active destinations, also published for the listener. Renews the metrics of all destinations."""
    with session.connect(database_url, "doorbell relay", autocommit=True) as conn:
        found = destinations.every(conn)
        _measure(conn, found)
        _log_late(conn, found)
    ids = [destination.id for destination in found if destination.state == ACTIVE]
    active.publish(client, ids)
    return ids


def _measure(conn: psycopg.Connection[Any], found: list[Destination]) -> None:
    held: dict[int, int] = dict(conn.cursor(row_factory=tuple_row).execute(_HELD).fetchall())
    for destination in found:
        unread = destination.reader.unread(conn, limit=MAX_COUNTED)
        # A webhook's have been read and wait for their delivery.
        count, seconds = deliveries.waiting(conn, destination.id, MAX_COUNTED)
        metrics.UNREAD_EVENTS.labels(destination.name).set(min(unread.events + count, MAX_COUNTED))
        metrics.UNREAD_AGE.labels(destination.name).set(max(unread.oldest_seconds or 0.0, seconds))
        metrics.HELD_EVENTS.labels(destination.name).set(held.get(destination.id, 0))


def _log_late(conn: psycopg.Connection[Any], found: list[Destination]) -> None:
    """One incident per destination that is late."""
    waits = {seen.destination.name: seen.oldest_seconds for seen in late(conn)}
    for name in {destination.name for destination in found} & waits.keys():
        incident = _incidents.setdefault(name, Incident(f"destination {name}", "its events wait", state="late"))
        incident.fault(log, "late", destination=name, oldest_seconds=round(waits[name]))
    for name in _incidents.keys() - waits.keys():
        _incidents.pop(name).over(log)
