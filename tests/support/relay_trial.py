"""A trial of the relay: its process and its broker are killed at random while writers write, then it catches up."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import psycopg

from .processes import SECRET
from .relay import Relay
from .wait import eventually

ORDERS = 300
# Changed by one statement, and so the events per commit.
PER_STATEMENT = 50
CATCH_UP_SECONDS = 240.0
# Locked in the order of ids, so that two writers never wait for each other.
_CHANGE = """
WITH chosen AS MATERIALIZED (
    SELECT id FROM orders WHERE id IN (SELECT id FROM orders ORDER BY random() LIMIT %s) ORDER BY id FOR UPDATE
)
UPDATE orders SET total_minor = total_minor + 1 FROM chosen WHERE orders.id = chosen.id
"""


class Killable(Protocol):
    """A broker that `restart` kills, and starts on the same port with the same data."""

    def restart(self) -> None: ...


class RelayTrial:
    """Changes of random orders. Meanwhile the relay's process dies about every second, the broker every few seconds."""

    def __init__(
        self, relay: Relay, broker: Killable, seed: int, seconds_between_kills: tuple[float, float] = (1.0, 4.0)
    ) -> None:
        self._relay, self._broker, self._random = relay, broker, random.Random(seed)
        self._seconds_between_kills = seconds_between_kills
        self._stop = threading.Event()
        self.relay_kills = self.broker_kills = 0

    def run(self, name: str, events: int, tenant_id: int) -> None:
        relay = self._relay
        relay.conn.execute(
            "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) "
            "SELECT %s, 'T' || n, 'Trial', 'EUR', 1 FROM generate_series(1, %s) n",
            [tenant_id, ORDERS],
        )
        destination_id = relay.find(name).id
        threads = [
            threading.Thread(target=self._write, args=[events // 2]),
            threading.Thread(target=self._write, args=[events - events // 2]),
        ]
        for thread in threads:
            thread.start()
        killer = threading.Thread(target=self._kill_broker)
        killer.start()
        try:
            while any(thread.is_alive() for thread in threads):
                self._run_until_killed(name, destination_id)
        finally:
            self._stop.set()
            killer.join()
        with self._process(destination_id):
            eventually(lambda: relay.find(name).reader.unread(relay.conn, limit=1).events == 0, CATCH_UP_SECONDS)

    def _run_until_killed(self, name: str, destination_id: int) -> None:
        """Kill the process a moment after it has sent something: it imports for a second before."""
        before = self._relay.find(name).sent
        with self._process(destination_id) as process:
            eventually(lambda: self._relay.find(name).sent > before, CATCH_UP_SECONDS)
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._random.uniform(0.05, 1.5))
        self.relay_kills += 1

    def _write(self, events: int) -> None:
        with psycopg.connect(self._relay.config.database_url, autocommit=True) as conn:
            for _statement in range(events // PER_STATEMENT):
                conn.execute(_CHANGE, [PER_STATEMENT])

    def _kill_broker(self) -> None:
        while not self._stop.wait(self._random.uniform(*self._seconds_between_kills)):
            self._broker.restart()
            self.broker_kills += 1

    @contextmanager
    def _process(self, destination_id: int) -> Iterator[subprocess.Popen[bytes]]:
        """The relay's process, which ends with SIGKILL."""
        config = self._relay.config
        command = [sys.executable, "-m", "tests.support.apps.relay_process", str(destination_id)]
        environment = {"DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url, "SECRET_KEY": SECRET}
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def assert_complete(conn: psycopg.Connection[Any], received: Sequence[dict[str, Any]]) -> None:
    """A consumer that drops repeats by the sequence of each order has each event once, in the order of the commits."""
    last: dict[int, tuple[int, int]] = {}
    kept: dict[int, list[int]] = {}
    for event in received:
        order_id = event["data"]["order_id"]
        place = int(event["incarnation"]), int(event["sequence"])
        if place > last.get(order_id, (0, 0)):
            last[order_id] = place
            kept.setdefault(order_id, []).append(event["data"]["event_id"])
    written: dict[int, list[int]] = {}
    for event_id, order_id in conn.execute("SELECT id, order_id FROM order_events ORDER BY id").fetchall():
        written.setdefault(order_id, []).append(event_id)
    for order_id, ids in written.items():
        got = kept.get(order_id, [])
        assert got == ids, f"order {order_id}: lost {sorted(set(ids) - set(got))}; received {_of(order_id, received)}"


def _of(order_id: int, received: Sequence[dict[str, Any]]) -> list[int]:
    """The events of an order with their repeats. For a message only: with 200,000 events each call takes long."""
    return [event["data"]["event_id"] for event in received if event["data"]["order_id"] == order_id]
