"""Check of the destinations: late, failing, disabled, and with dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from ..relay import destinations
from ..relay.destinations import ACTIVE, DISABLED, Destination
from ..relay.late import late
from .finding import Finding, duration, fault, ok, warn
from .system import System

_DEAD = """
SELECT destination_id, count(*) FROM (
    SELECT destination_id FROM relay_held_events WHERE reason IS NOT NULL
    UNION ALL SELECT destination_id FROM webhook_deliveries WHERE state = 'dead'
) AS dead GROUP BY destination_id
"""


def check(system: System) -> Iterator[Finding]:
    with system.postgresql() as conn:
        found = destinations.every(conn)
        waits = {seen.destination.id: seen.oldest_seconds for seen in late(conn)}
        dead = {row["destination_id"]: row["count"] for row in _rows(conn)}
    for destination in found:
        yield from _check(destination, waits.get(destination.id), dead.get(destination.id, 0))
    active = sum(destination.state == ACTIVE for destination in found)
    yield ok(f"{active} of {len(found)} destinations are active" if found else "there are no destinations")


def _check(destination: Destination, oldest_seconds: float | None, dead: int) -> Iterator[Finding]:
    name = destination.name
    if oldest_seconds is not None:
        because = f": {destination.last_error}" if destination.failing_since else ""
        yield fault(
            f"{name} has not got events for {duration(oldest_seconds)}{because}",
            f"Run flask relay test {name}; see the log of the relay worker (Procfile, line relay).",
        )
    elif destination.failing_since is not None:
        yield warn(f"{name} fails: {destination.last_error}", f"Run flask relay test {name}.")
    if destination.state == DISABLED:
        yield warn(f"{name} is disabled: {destination.state_reason}", f"flask relay resume {name}")
    if dead:
        yield warn(
            f"{name} has {dead} dead letter{'' if dead == 1 else 's'}; later events of their orders wait",
            f"flask relay dead {name} shows the reasons; then retry or skip.",
        )


def _rows(conn: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=psycopg.rows.dict_row) as rows:
        return rows.execute(_DEAD).fetchall()
