"""An example consumer of a Redis stream: `python consumer_redis.py URL STREAM DATABASE [--from ID]`; needs redis (PyPI).

The effect of an event and the memory of it are one transaction, so a repeat changes nothing. One consumer per group keeps the
order of an order's events. `--from 0` forgets everything and reads the stream from its beginning, another id from after it.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from typing import Any

import redis

GROUP, CONSUMER = "ledger", "the-only-one"
SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, at TEXT DEFAULT current_timestamp);
CREATE TABLE IF NOT EXISTS newest (order_key TEXT PRIMARY KEY, position TEXT);
CREATE TABLE IF NOT EXISTS ledger (n INTEGER PRIMARY KEY, event_id INTEGER, order_id INTEGER, type TEXT, amount_minor INTEGER);
"""
# A repeat has the same id. A repeat that is older than the memory of ids has a sequence that is not above the order's newest.
FORGET = "DELETE FROM seen WHERE at < datetime('now', '-30 days')"
NEWER = """
INSERT INTO newest VALUES (?, ?)
ON CONFLICT (order_key) DO UPDATE SET position = excluded.position WHERE excluded.position > position
"""


def work(database: sqlite3.Connection, data: dict[str, Any]) -> None:
    """Your own work, in the transaction of `apply`."""
    row = (data["event_id"], data["order_id"], data["type"], data["amount_minor"])
    database.execute("INSERT INTO ledger (event_id, order_id, type, amount_minor) VALUES (?, ?, ?, ?)", row)


def apply(database: sqlite3.Connection, event: dict[str, Any]) -> None:
    """Do the work of a CloudEvent once."""
    with database:
        if not database.execute("INSERT OR IGNORE INTO seen (id) VALUES (?)", (event["id"],)).rowcount:
            return
        # A replayed event has no sequence.
        if "sequence" in event:
            position = f"{int(event['incarnation']):09}-{event['sequence']}"
            if not database.execute(NEWER, (event["partitionkey"], position)).rowcount:
                return
        work(database, event["data"])


def main() -> None:
    options = argparse.ArgumentParser()
    for name in ("url", "stream", "database"):
        options.add_argument(name)
    options.add_argument("--from", dest="begin")
    given = options.parse_args()
    database = sqlite3.connect(given.database)
    database.executescript(SCHEMA + FORGET)
    client = redis.Redis.from_url(given.url)
    try:
        client.xgroup_create(given.stream, GROUP, "0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise
    if given.begin:
        database.executescript("DELETE FROM seen; DELETE FROM newest; DELETE FROM ledger")
        client.xgroup_setid(given.stream, GROUP, given.begin)
    # First what was read and not acknowledged before a crash, then what is new.
    position = "0"
    while True:
        streams: Any = client.xreadgroup(GROUP, CONSUMER, {given.stream: position}, count=100, block=1000)
        entries = streams[0][1] if streams else []
        for entry, fields in entries:
            # Without fields the entry was trimmed before it was acknowledged.
            if fields:
                apply(database, json.loads(fields[b"event"]))
            client.xack(given.stream, GROUP, entry)
        if not entries:
            position = ">"


if __name__ == "__main__":
    main()
