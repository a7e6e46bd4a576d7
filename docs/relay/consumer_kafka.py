"""An example consumer of Doorbell's events from Kafka, to copy: it applies each event once, order by order.

    pip install confluent-kafka
    python consumer_kafka.py localhost:9092 shipping shipping.sqlite

Start several with the same group: they share the partitions, and all events of an order are in one. They also need one
database. A new group begins with the oldest event that Kafka keeps. To read again:
kafka-consumer-groups.sh --bootstrap-server localhost:9092 --group shipping --topic doorbell.orders --execute \\
    --reset-offsets --to-datetime 2026-01-01T00:00:00.000
"""

from __future__ import annotations

import json
import sqlite3
import sys
from typing import Any

from confluent_kafka import Consumer, KafkaException

TOPIC = "doorbell.orders"
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


def main(servers: str, group: str, path: str, topic: str = TOPIC) -> None:
    database = sqlite3.connect(path)
    database.executescript(TABLES)
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            # After a crash, another consumer has the partitions after this time.
            "session.timeout.ms": 10_000,
        }
    )
    consumer.subscribe([topic])
    try:
        while True:
            messages = consumer.consume(100, 1.0)
            for message in messages:
                if error := message.error():
                    raise KafkaException(error)
                headers = message.headers() or []
                event = {
                    name.removeprefix("ce_"): value.decode() for name, value in headers if isinstance(value, bytes)
                }
                outcome = "applied" if apply_once(database, event, json.loads(message.value() or b"{}")) else "repeat"
                print(outcome, event["id"], event["type"], flush=True)
            if messages:
                # After the commits in the database: a crash before it brings the messages again.
                consumer.commit(asynchronous=False)
    finally:
        consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
