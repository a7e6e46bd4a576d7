"""Shared parts of the benchmarks of the relay: a history of events, destinations of it, and the relay in this process."""

from __future__ import annotations

import gc
import itertools
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from webapp import redis_client
from webapp.config import Config
from webapp.doorbell import connection
from webapp.outbox.reader import Reader
from webapp.relay import destinations, survey, verbs
from webapp.relay.destinations import Destination
from webapp.relay.message import Message
from webapp.relay.messages import messages_of
from webapp.relay.opening import secret_box
from webapp.relay.verbs import BEGINNING, NewDestination
from webapp.relay.wake import LIST_SECONDS
from webapp.relay.worker import RelayWorker

from .stage import ROOT, Stage

# Changes per order in a history: it is placed, paid, edited and shipped.
PER_ORDER = 4
_BATCH = 5_000
# The receiver of webhooks listens on this address.
ALLOW = "127.0.0.1"
STOP_SECONDS = 30.0
_PLACE = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor)
SELECT 1, 'B-' || n, 'Customer ' || n, 'EUR', 1000 + n FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
_CHANGES = (
    "UPDATE orders SET paid_at = now() WHERE id BETWEEN %(first)s AND %(last)s",
    "UPDATE orders SET customer = customer || ', Ltd' WHERE id BETWEEN %(first)s AND %(last)s",
    "UPDATE orders SET shipped_at = now() WHERE id BETWEEN %(first)s AND %(last)s",
)
_numbers = itertools.count(1)


def new_name() -> str:
    """A name that no destination, stream, topic or exchange of this run has."""
    return f"bench{next(_numbers)}"


def write_history(url: str, events: int) -> None:
    """Write `events` events through the triggers, from orders that all belong to tenant 1."""
    orders = events // PER_ORDER
    with psycopg.connect(url, autocommit=True) as conn:
        for first in range(1, orders + 1, _BATCH):
            span = {"first": first, "last": min(first + _BATCH - 1, orders)}
            for statement in (_PLACE, *_CHANGES):
                conn.execute(statement, span)
        conn.execute("VACUUM ANALYZE orders, order_events")


@dataclass(frozen=True)
class RelayOnStage:
    """The relay of one database."""

    conn: connection.Connection
    config: Config

    def add(self, name: str, url: str, **values: Any) -> Destination:
        return verbs.add(
            self.conn, secret_box(self.config), NewDestination(name, url, **values), "bench", self.config.webhook_allow
        )

    def remove(self, name: str) -> None:
        verbs.remove(self.conn, destinations.by_name(self.conn, name), "bench")

    def sent(self, name: str) -> int:
        return destinations.by_name(self.conn, name).sent

    def messages(self) -> list[Message]:
        """The messages of the whole history, as the relay makes them."""
        reader = Reader(new_name())
        found: list[Message] = []
        reader.save(self.conn, reader.beginning(self.conn))
        diff = reader.begin(self.conn)
        assert diff is not None
        while events := diff.read(10_000):
            found += messages_of(self.conn, events, len(found) + 1, 1)
            diff.advance(events[-1].id)
        reader.delete(self.conn)
        return found


@contextmanager
def relay_on(stage: Stage, url: str) -> Iterator[RelayOnStage]:
    """The relay of the database `url`."""
    config = Config.from_env(stage.env | {"DATABASE_URL": url, "WEBHOOK_ALLOW": ALLOW})
    with connection.connect(url, "bench") as conn:
        conn.timeout_seconds = 600.0
        yield RelayOnStage(conn, config)


@contextmanager
def worker_of(relay: RelayOnStage) -> Iterator[RelayWorker]:
    """A relay worker in this process."""
    # As tasks/relay.py.
    gc.freeze()
    worker = RelayWorker(relay.config)
    try:
        yield worker
    finally:
        worker.close()


def relay_all(worker: RelayWorker, destination: Destination) -> None:
    """Run a destination until all its events are sent."""
    while worker.run(destination.id):
        pass


def from_beginning(relay: RelayOnStage, name: str, url: str) -> Destination:
    return relay.add(name, url, start=BEGINNING)


def number_of(variable: str, default: int) -> int:
    """A number from the environment."""
    return int(os.environ.get(variable, default))


@contextmanager
def from_procfile(stage: Stage, name: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process `name` of the Procfile. Its output is shown on stderr."""
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    program, *arguments = shlex.split(lines[name])
    path = Path(sys.executable).with_name(program)
    process = subprocess.Popen([path, *arguments], cwd=ROOT, env=stage.env | env, stdout=sys.stderr)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@contextmanager
def running_relay(stage: Stage, url: str) -> Iterator[RelayOnStage]:
    """The relay of the database `url` with the Procfile's listener and relay worker.

    Call `publish` after each change of the destinations; in production the tick of the Procfile's beat does.
    """
    env = {"DATABASE_URL": url, "WEBHOOK_ALLOW": ALLOW}
    with (
        relay_on(stage, url) as relay,
        from_procfile(stage, "listener", env),
        from_procfile(stage, "relay", env),
    ):
        yield relay


def publish(relay: RelayOnStage) -> None:
    """Give the listener the list of active destinations, and wait until it has read it."""
    with redis_client.connect(relay.config.redis_url) as client:
        survey.survey(relay.config.database_url, client)
    # The listener reads the list again after LIST_SECONDS.
    time.sleep(LIST_SECONDS * 1.2)


def wait_until(is_true: Callable[[], bool], seconds: float) -> None:
    """Raises AssertionError at the deadline."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "the relay did not finish in time"
        time.sleep(0.05)
