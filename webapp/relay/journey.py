"""The journey of one order's events: what became of each event at each destination that would get it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Row

from ..db import db
from ..queries import relay_journey as queries
from . import destinations
from .address import WEBHOOK
from .destinations import Destination

# States of a step, beside those of a delivery (models/webhook.py).
WAITING, ACKNOWLEDGED, DEAD, BEHIND, SKIPPED, UNKNOWN = (
    "waiting",
    "acknowledged",
    "dead",
    "behind",
    "skipped",
    "unknown",
)


@dataclass(frozen=True)
class Step:
    """One event at one destination. `at` is the time of `state`; fields that a state has no value for are None.

    - acknowledged: `position` is where the broker has it.
    - dead, behind: an event that was refused for `reason`, or that waits behind such an event of its order.
    - a delivery of a webhook: its id, its attempts, and the status or error and milliseconds of the last attempt.
    - unknown: there is no receipt any more, or the destination left the event out.
    """

    destination: str
    state: str
    at: datetime | None = None
    position: str | None = None
    reason: str | None = None
    attempts: int | None = None
    requested: str | None = None
    delivery_id: int | None = None
    replay_id: int | None = None
    status: int | None = None
    milliseconds: int | None = None
    next_at: datetime | None = None


@dataclass(frozen=True)
class JourneyEvent:
    """An event of the order. `by` is the user or the program that wrote it."""

    id: int
    type: str
    recorded_at: datetime
    by: str
    steps: tuple[Step, ...]


@dataclass
class _Found:
    """Rows by destination id and event id."""

    receipts: dict[tuple[int, int], Row[Any]] = field(default_factory=dict)
    held: dict[tuple[int, int], Row[Any]] = field(default_factory=dict)
    deliveries: dict[tuple[int, int], list[Row[Any]]] = field(default_factory=lambda: defaultdict(list))
    unread: set[tuple[int, int]] = field(default_factory=set)
    skipped: dict[tuple[str, int], datetime] = field(default_factory=dict)  # the destination's name and the event


def read(conn: psycopg.Connection[Any], tenant_id: int, order_id: int) -> list[JourneyEvent] | None:
    """The newest events of an order, newest first; None when the tenant sees no destination.

    Raises psycopg.Error and SQLAlchemy's errors.
    """
    seen = destinations.visible(conn, tenant_id)
    if not seen:
        return None
    events = db.session.execute(
        queries.EVENTS_SQL, {"tenant": tenant_id, "order": order_id, "limit": queries.MAX_EVENTS}
    ).all()
    found = _find(conn, tenant_id, order_id, [event.id for event in events], seen)
    return [
        JourneyEvent(event.id, event.type, event.recorded_at, event.by, tuple(_steps(event, seen, found)))
        for event in events
    ]


def _find(
    conn: psycopg.Connection[Any], tenant_id: int, order_id: int, event_ids: Sequence[int], seen: Sequence[Destination]
) -> _Found:
    values: Mapping[str, Any] = {
        "tenant": tenant_id,
        "order": order_id,
        "events": list(event_ids),
        "destinations": [each.id for each in seen],
        "names": [each.name for each in seen],
        "details": [f"event {event_id}" for event_id in event_ids],
    }
    found = _Found()
    for row in db.session.execute(queries.RECEIPTS_SQL, values):
        found.receipts[row.destination_id, row.event_id] = row
    for row in db.session.execute(queries.HELD_SQL, values):
        found.held[row.destination_id, row.event_id] = row
    for row in db.session.execute(queries.DELIVERIES_SQL, values):
        found.deliveries[row.destination_id, row.event_id].append(row)
    for each in seen:
        found.unread |= {(each.id, event_id) for event_id in each.reader.unread_of_order(conn, tenant_id, order_id)}
    for row in db.session.execute(queries.SKIPPED_SQL, values):
        found.skipped[row.destination, row.event_id] = row.at
    return found


def _steps(event: Row[Any], seen: Sequence[Destination], found: _Found) -> Iterator[Step]:
    for destination in seen:
        if destination.types is not None and event.type not in destination.types:
            continue
        if destination.recorded_from is not None and event.recorded_at < destination.recorded_from:
            continue
        if destination.kind == WEBHOOK:
            yield from _delivered(event, destination, found)
        else:
            yield from _relayed(event, destination, found)


def _delivered(event: Row[Any], destination: Destination, found: _Found) -> Iterator[Step]:
    rows = found.deliveries.get((destination.id, event.id), ())
    for row in rows:
        yield Step(
            destination.name,
            row.state,
            at=row.done_at,
            reason=row.reason,
            attempts=row.attempts,
            delivery_id=row.id,
            replay_id=row.replay_id,
            status=row.status,
            milliseconds=row.milliseconds,
            next_at=row.next_at if row.attempts else None,
        )
    if not rows:
        yield from _without_trace(event, destination, found)


def _relayed(event: Row[Any], destination: Destination, found: _Found) -> Iterator[Step]:
    key = destination.id, event.id
    if (held := found.held.get(key)) is not None:
        state = BEHIND if held.reason is None else DEAD
        yield Step(
            destination.name, state, held.held_at, reason=held.reason, attempts=held.attempts, requested=held.requested
        )
    elif (receipt := found.receipts.get(key)) is not None:
        yield Step(destination.name, ACKNOWLEDGED, receipt.acknowledged_at, position=receipt.position)
    else:
        yield from _without_trace(event, destination, found)


def _without_trace(event: Row[Any], destination: Destination, found: _Found) -> Iterator[Step]:
    if (destination.id, event.id) in found.unread:
        yield Step(destination.name, WAITING)
    elif (skipped_at := found.skipped.get((destination.name, event.id))) is not None:
        yield Step(destination.name, SKIPPED, skipped_at)
    elif event.recorded_at >= destination.created_at:
        yield Step(destination.name, UNKNOWN)
