"""Which destinations are active, as the relay's tick publishes it in Redis for the listener, and the wake-ups under way."""

from __future__ import annotations

from typing import Any, cast

import psycopg
import redis
from psycopg.rows import tuple_row

from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import relay as metrics
from ..postgres import session
from . import deliveries, destinations
from .destinations import ACTIVE, Destination
from .late import late

ACTIVE_KEY = "doorbell:relay:active"
WAKE_KEY = "doorbell:relay:wake:{}"
# Without a tick for this long the listener wakes no destination.
ACTIVE_SECONDS = 60
# A wake-up that no run has answered is sent again after this long.
WAKE_MS = 1000
MAX_COUNTED = 10_000

_incidents: dict[str, Incident] = {}
log = logs.get("relay")

_HELD = """
SELECT destination_id, count(*) FROM relay_held_events GROUP BY destination_id
UNION ALL SELECT destination_id, count(*) FROM webhook_deliveries WHERE state = 'dead' GROUP BY destination_id
"""


def publish(database_url: str, client: redis.Redis) -> list[int]:
    """The ids of the active destinations, also published for `listed`. Renews the metrics of all destinations."""
    with session.connect(database_url, "doorbell relay", autocommit=True) as conn:
        found = destinations.every(conn)
        _measure(conn, found)
        _log_late(conn, found)
    ids = [destination.id for destination in found if destination.state == ACTIVE]
    client.set(ACTIVE_KEY, ",".join(map(str, ids)), ex=ACTIVE_SECONDS)
    return ids


def listed(client: redis.Redis) -> list[int]:
    """The ids published last; [] when there are none. What is not an id is ignored: any client of Redis can write there."""
    try:
        text = (cast(Any, client.get(ACTIVE_KEY)) or b"").decode(errors="replace")
    except redis.ResponseError:
        return []
    return [int(part) for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 10]


def claim_wake(client: redis.Redis, destination_id: int) -> bool:
    """Whether the caller is to send a run: none was sent that has not begun."""
    return bool(client.set(WAKE_KEY.format(destination_id), "1", nx=True, px=WAKE_MS))


def clear_wake(client: redis.Redis, destination_id: int) -> None:
    """Call when a run begins, before it reads: a later event needs another run."""
    client.delete(WAKE_KEY.format(destination_id))


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
