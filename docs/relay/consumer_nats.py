"""An example consumer of NATS JetStream: `python consumer_nats.py URL STREAM DATABASE [--from SEQUENCE]`; needs nats-py (PyPI).

The effect of an event and the memory of it are one transaction, so a repeat changes nothing. One unacknowledged message at a
time keeps the order of an order's events, after a crash too. `--from 1` forgets everything and reads the stream again from its
beginning, any other sequence from there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sqlite3
from typing import Any
from urllib.parse import unquote

import nats
from nats.errors import TimeoutError as NothingNew
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

DURABLE = "ledger"
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


async def consume(given: argparse.Namespace, database: sqlite3.Connection) -> None:
    client = await nats.connect(given.url)
    stream = client.jetstream()
    if given.begin:
        # The start of a durable consumer cannot be changed.
        database.executescript("DELETE FROM seen; DELETE FROM newest; DELETE FROM ledger")
        with contextlib.suppress(NotFoundError):
            await stream.delete_consumer(given.stream, DURABLE)
    config = ConsumerConfig(max_ack_pending=1, ack_wait=5)
    if given.begin:
        config = config.evolve(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=given.begin)
    try:
        await stream.consumer_info(given.stream, DURABLE)
    except NotFoundError:
        await stream.add_consumer(given.stream, config, durable_name=DURABLE)
    subscription = await stream.pull_subscribe_bind(DURABLE, given.stream)
    while True:
        try:
            (message,) = await subscription.fetch(1, timeout=5)
        except NothingNew:
            continue
        attributes = {name[3:]: unquote(value) for name, value in message.headers.items() if name.startswith("ce-")}
        apply(database, {**attributes, "data": json.loads(message.data)})
        # Waits until the server has the acknowledgement: then the next message may come.
        await message.ack_sync()


def main() -> None:
    options = argparse.ArgumentParser()
    for name in ("url", "stream", "database"):
        options.add_argument(name)
    options.add_argument("--from", dest="begin", type=int)
    given = options.parse_args()
    database = sqlite3.connect(given.database)
    database.executescript(SCHEMA + FORGET)
    asyncio.run(consume(given, database))


if __name__ == "__main__":
    main()
