"""An example consumer of Doorbell's events from RabbitMQ, to copy: it applies each event once, order by order.

    pip install amqp
    python consumer_rabbitmq.py amqp://guest:guest@localhost:5672 shipping shipping.sqlite

The queue is made at the first start, so start the consumer before the destination is added. For events from before that:
flask relay replay NAME --since 2026-01-01. Start several: one is active, the others wait to take over.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp

EXCHANGE, ROUTING_KEY = "doorbell", "*.order.*"
TABLES = """
CREATE TABLE IF NOT EXISTS applied (id TEXT PRIMARY KEY, partition_key TEXT, type TEXT, data TEXT);
CREATE TABLE IF NOT EXISTS newest (partition_key TEXT PRIMARY KEY, place TEXT);
"""


def apply_once(database: sqlite3.Connection, event: dict[str, str], data: dict[str, Any]) -> bool:
    """Apply an event and note it in one transaction; false for a repeat."""
    key = event["partitionkey"]
    with database:
        [newest] = database.execute("SELECT max(place) FROM newest WHERE partition_key = ?", [key]).fetchone()
        # A replay has no sequence: only its id shows a repeat.
        place = f"{int(event['incarnation']):010}.{event['sequence']}" if "sequence" in event else None
        if place is not None and newest is not None and place <= newest:
            return False
        if database.execute("SELECT 1 FROM applied WHERE id = ?", [event["id"]]).fetchone():
            return False
        # Your own work belongs here, in the same transaction.
        row = [event["id"], key, event["type"], json.dumps(data)]
        database.execute("INSERT INTO applied VALUES (?, ?, ?, ?)", row)
        if place is not None:
            database.execute("INSERT OR REPLACE INTO newest VALUES (?, ?)", [key, place])
    return True


def main(url: str, queue: str, path: str, exchange: str = EXCHANGE) -> None:
    database = sqlite3.connect(path)
    database.executescript(TABLES)
    address = urlsplit(url)
    host, user, password = address.netloc.rpartition("@")[2], unquote(address.username or ""), address.password or ""
    vhost = unquote(address.path[1:]) or "/"
    with amqp.Connection(host, user or "guest", unquote(password) or "guest", virtual_host=vhost) as connection:
        channel = connection.channel()
        channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
        # A quorum queue is on several nodes. With a single active consumer, several consumers keep the order.
        arguments = {"x-queue-type": "quorum", "x-single-active-consumer": True}
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
        channel.queue_bind(queue, exchange, ROUTING_KEY)
        channel.basic_qos(0, 100, False)

        def receive(message: Any) -> None:
            headers = message.properties["application_headers"]
            event = {name.removeprefix("cloudEvents:"): value for name, value in headers.items()}
            outcome = "applied" if apply_once(database, event, json.loads(message.body)) else "repeat"
            print(outcome, event["id"], event["type"], flush=True)
            # After the commit: a crash before it brings the message again.
            channel.basic_ack(message.delivery_tag)

        channel.basic_consume(queue, callback=receive)
        while True:
            connection.drain_events()


if __name__ == "__main__":
    main(*sys.argv[1:])
