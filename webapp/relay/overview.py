"""A destination as its pages show it: the row, its place without secrets, its lag, its figures and its replays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from ..outbox.cursor import UnusableCursor
from ..queries import relay as queries
from ..queries.relay import MAX_COUNTED, Figures
from . import address, replays
from .address import WEBHOOK
from .destinations import ACTIVE, DISABLED, Destination
from .replays import RUNNING, EventReplay

KINDS = {"redis": "Redis stream", "nats": "NATS JetStream", "amqp": "RabbitMQ", "kafka": "Kafka", "webhook": "Webhook"}
MAX_REPLAYS = 5
# The option of each kind that names the place within the server.
_NAMES = {"redis": "stream", "nats": "subject", "amqp": "exchange", "kafka": "topic"}

_REACHED = "SELECT recorded_at FROM order_events WHERE id = %s AND recorded_at >= %s AND recorded_at < %s"


@dataclass(frozen=True)
class ReplayProgress:
    """A replay. `percent` of its period has been sent, up to the events written at `reached` (None at first)."""

    replay: EventReplay
    percent: int
    reached: datetime | None


@dataclass(frozen=True)
class Overview:
    """One destination. `lag_events` are the events on their way, counted up to MAX_COUNTED + 1; None when unknown.

    The oldest of them is `lag_seconds` old (None without any). For a webhook they include the deliveries that wait.
    """

    destination: Destination
    figures: Figures
    kind: str
    place: str
    lag_events: int | None
    lag_seconds: float | None
    replays: tuple[ReplayProgress, ...]

    @property
    def is_webhook(self) -> bool:
        return self.destination.kind == WEBHOOK

    @property
    def is_failing(self) -> bool:
        return self.destination.state == ACTIVE and self.destination.failing_since is not None

    @property
    def is_broken(self) -> bool:
        """It sends nothing until a person or its server repairs the cause."""
        return self.is_failing or self.destination.state == DISABLED

    @property
    def is_replaying(self) -> bool:
        return any(each.replay.state == RUNNING for each in self.replays)


def read(conn: psycopg.Connection[Any], found: Sequence[Destination]) -> list[Overview]:
    """The overviews of destinations, in their order. Raises psycopg.Error and SQLAlchemy's errors."""
    figures = queries.figures([destination.id for destination in found])
    return [_overview(conn, each, figures[each.id]) for each in found if each.id in figures]


def place(destination: Destination) -> str:
    """Where the destination is, without any part of its address that may be a secret: a webhook's path is one."""
    try:
        parsed = address.parse(destination.url)
    except address.WrongAddress:
        return "an address that is not valid"
    if destination.kind == WEBHOOK:
        scheme, port = ("https", 443) if parsed.tls else ("http", 80)
        return f"{scheme}://" + ", ".join(host if at == port else f"{host}:{at}" for host, at in parsed.hosts)
    name = _NAMES[destination.kind]
    return f"{parsed.place}, {name} {parsed.options[name]}"


def _overview(conn: psycopg.Connection[Any], destination: Destination, figures: Figures) -> Overview:
    try:
        unread = destination.reader.unread(conn, limit=MAX_COUNTED + 1)
    except UnusableCursor:
        events, seconds = None, None
    else:
        events = min(unread.events + figures.waiting, MAX_COUNTED + 1)
        seconds = max((s for s in (unread.oldest_seconds, figures.waiting_seconds) if s is not None), default=None)
    newest = replays.newest(conn, destination.id, MAX_REPLAYS)
    return Overview(
        destination=destination,
        figures=figures,
        kind=KINDS[destination.kind],
        place=place(destination),
        lag_events=events,
        lag_seconds=seconds,
        replays=tuple(_progress(conn, destination, replay) for replay in newest),
    )


def _progress(conn: psycopg.Connection[Any], destination: Destination, replay: EventReplay) -> ReplayProgress:
    if replay.state != RUNNING:
        return ReplayProgress(replay, 100, None)
    saved = replay.reader(destination).saved(conn)
    last_id = None if saved is None else saved.last_id
    row = conn.execute(_REACHED, [last_id, replay.recorded_from, replay.recorded_before]).fetchone()
    if row is None:
        return ReplayProgress(replay, 0, None)
    passed = (row[0] - replay.recorded_from) / (replay.recorded_before - replay.recorded_from)
    return ReplayProgress(replay, min(99, int(100 * passed)), row[0])
