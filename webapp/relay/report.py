"""Destinations as texts, for `flask relay`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg

from ..outbox.cursor import UnusableCursor
from . import dead_letters, deliveries, replays
from .address import WEBHOOK
from .destinations import Destination
from .verbs import RelayError

MAX_COUNTED = 10_000
SHOWN = 200
SUMMARY = ("name", "kind", "tenant", "types", "state", "unread", "dead", "sent")
DEAD = ("event", "order", "type", "attempts", "since", "waiting behind", "reason")

_SLUGS = "SELECT id, slug FROM tenants ORDER BY id"
_HELD = """
SELECT h.event_id, h.order_id, h.event->>'type', h.attempts, h.held_at, (
    SELECT count(*) FROM relay_held_events w
    WHERE w.destination_id = h.destination_id AND w.order_id = h.order_id AND w.event_id > h.event_id), h.reason
FROM relay_held_events h WHERE h.destination_id = %s AND h.reason IS NOT NULL ORDER BY h.event_id LIMIT %s
"""
_DELIVERIES = """
SELECT d.event_id, d.order_id, d.type, d.attempts, d.done_at, (
    SELECT count(*) FROM webhook_deliveries w
    WHERE w.destination_id = d.destination_id AND w.order_id = d.order_id AND w.id > d.id AND w.state = 'waiting'), d.reason
FROM webhook_deliveries d WHERE d.destination_id = %s AND d.state = 'dead' ORDER BY d.id LIMIT %s
"""
_AUDIT = "SELECT at, actor, verb, details FROM relay_audit WHERE destination = %s ORDER BY id DESC LIMIT 10"


def tenant_id(conn: psycopg.Connection[Any], slug: str | None) -> int | None:
    """Raises RelayError for an unknown slug."""
    if slug is None:
        return None
    ids = {found: number for number, found in conn.execute(_SLUGS).fetchall()}
    if slug not in ids:
        raise RelayError(f"There is no tenant {slug[:60]!r}; there are: {', '.join(ids) or 'none'}.")
    return int(ids[slug])


def sample_slug(conn: psycopg.Connection[Any], destination: Destination) -> str:
    """The slug for a sample event: of the destination's tenant, or of the first."""
    slugs = dict(conn.execute(_SLUGS).fetchall())
    return str(slugs.get(destination.tenant_id) or next(iter(slugs.values()), "sample"))


def summary(conn: psycopg.Connection[Any], destination: Destination) -> tuple[str, ...]:
    """A row with the columns SUMMARY."""
    slugs = dict(conn.execute(_SLUGS).fetchall())
    return (
        destination.name,
        destination.kind,
        "all" if destination.tenant_id is None else slugs[destination.tenant_id],
        "all" if destination.types is None else ",".join(destination.types),
        _state(destination),
        _unread(conn, destination),
        str(dead_letters.counts(conn).get(destination.id, 0)),
        str(destination.sent),
    )


def details(conn: psycopg.Connection[Any], destination: Destination) -> Iterator[str]:
    """Lines about one destination."""
    for name, value in zip(SUMMARY, summary(conn, destination), strict=True):
        yield f"{name:12} {value}"
    yield f"{'address':12} {destination.url}"
    if destination.recorded_from is not None:
        yield f"{'from':12} {_time(destination.recorded_from)}"
    yield f"{'last sent':12} {'never' if destination.last_sent_at is None else _time(destination.last_sent_at)}"
    if destination.last_error is not None and destination.last_error_at is not None:
        yield f"{'last error':12} {_time(destination.last_error_at)}  {destination.last_error}"
    for replay in replays.newest(conn, destination.id, limit=5):
        period = f"{_time(replay.recorded_from)} to {_time(replay.recorded_before)}"
        yield f"{'replay':12} {replay.id} {replay.state}: {replay.sent} sent, {replay.refused} refused, {period}"
    for at, actor, verb, text in conn.execute(_AUDIT, [destination.name]).fetchall():
        yield f"{'audit':12} {_time(at)}  {actor}: {verb}{f', {text}' if text else ''}"


def list_dead_letters(conn: psycopg.Connection[Any], destination: Destination) -> list[tuple[Any, ...]]:
    """Rows with the columns DEAD, oldest first, at most SHOWN."""
    statement = _DELIVERIES if destination.kind == WEBHOOK else _HELD
    rows = conn.execute(statement, [destination.id, SHOWN]).fetchall()
    return [(*row[:4], _time(row[4]), *row[5:]) for row in rows]


def _state(destination: Destination) -> str:
    if destination.state == "active" and destination.failing_since is not None:
        return f"failing since {_time(destination.failing_since)}"
    return destination.state + (f": {destination.state_reason}" if destination.state_reason else "")


def _unread(conn: psycopg.Connection[Any], destination: Destination) -> str:
    try:
        unread = destination.reader.unread(conn, limit=MAX_COUNTED)
    except UnusableCursor:
        return "unknown"
    # The deliveries of a webhook have been read and not been made.
    count, oldest_seconds = deliveries.waiting(conn, destination.id, MAX_COUNTED)
    events, seconds = min(unread.events + count, MAX_COUNTED), max(unread.oldest_seconds or 0.0, oldest_seconds)
    return f"{events}{'+' if events == MAX_COUNTED else ''}, the oldest {seconds:.0f} s old" if events else "0"


def _time(moment: datetime) -> str:
    return moment.astimezone().isoformat(sep=" ", timespec="seconds")
