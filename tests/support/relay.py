"""Destinations for tests, and what a Redis stream of theirs has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg
import redis

from webapp.config import Config
from webapp.outbox.diff import OutboxEvent
from webapp.relay import destinations, held, verbs
from webapp.relay.destinations import Destination
from webapp.relay.opening import secret_box
from webapp.relay.verbs import NewDestination
from webapp.relay.worker import RelayWorker

OWN_STREAM = "redis:///?stream=orders"
ACTOR = "test"


@dataclass(frozen=True)
class Relay:
    """A relay worker in this process, and the database's destinations."""

    conn: psycopg.Connection[Any]
    config: Config
    worker: RelayWorker

    def add(self, name: str = "stream", url: str = OWN_STREAM, **values: Any) -> Destination:
        return verbs.add(
            self.conn, secret_box(self.config), NewDestination(name, url, **values), ACTOR, self.config.webhook_allow
        )

    def find(self, name: str = "stream") -> Destination:
        return destinations.by_name(self.conn, name)

    def run(self, name: str = "stream") -> bool:
        return self.worker.run(self.find(name).id)

    def held(self) -> list[tuple[int, str | None]]:
        """Event id and reason of each held event."""
        return self.conn.execute("SELECT event_id, reason FROM relay_held_events ORDER BY event_id").fetchall()

    def audit(self) -> list[tuple[str, str]]:
        return self.conn.execute("SELECT actor, verb FROM relay_audit ORDER BY id").fetchall()


def entries(client: redis.Redis, stream: str = "orders") -> list[dict[str, Any]]:
    """The CloudEvents of a stream, oldest first."""
    found: Any = client.xrange(stream)
    return [json.loads(fields[b"event"]) for _id, fields in found]


def event_ids(client: redis.Redis, stream: str = "orders") -> list[int]:
    return [event["data"]["event_id"] for event in entries(client, stream)]


def hold(conn: psycopg.Connection[Any], destination: Destination, events: list[dict[str, Any]], reason: str) -> None:
    """Make the first of an order's events a dead letter; the others wait behind it."""
    rows = [OutboxEvent(**{name: _text(event[name]) for name in OutboxEvent._fields}) for event in events]
    with conn.transaction():
        held.hold(conn, destination.id, rows, {rows[0].id: reason})


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def deliver(conn: psycopg.Connection[Any], destination: Destination, event: dict[str, Any], **columns: Any) -> int:
    """A webhook's delivery of an event; its id."""
    row = {
        "destination_id": destination.id,
        **{name: event[name] for name in ("tenant_id", "order_id", "type")},
        "event_id": event["id"],
        "message_id": f"{event['id']}-1",
        "body": b'{"type":"doorbell.order.paid"}',
        **columns,
    }
    names, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    statement = f"INSERT INTO webhook_deliveries ({names}) VALUES ({values}) RETURNING id"
    found = conn.execute(statement, row).fetchone()
    assert found is not None
    return int(found[0])


def attempt(conn: psycopg.Connection[Any], delivery: int, **columns: Any) -> None:
    """An attempt of a delivery."""
    row = {"delivery_id": delivery, "milliseconds": 35, **columns}
    names, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    conn.execute(f"INSERT INTO webhook_attempts ({names}) VALUES ({values})", row)
