"""A listener is killed at some line of its code while transactions are open: the next listener loses no change."""

from __future__ import annotations

import random
import sys
import threading

import psycopg
import pytest
import redis

from webapp.concurrency.stop_signal import StopSignal
from webapp.doorbell import connection, locks, quiet_mode
from webapp.listener.catch_up import drain_without_leader
from webapp.listener.leader import Leader

from ..conftest import config_for
from ..support.processes import Doorbell
from ..support.signals import signalled, topics
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.faults
# Of one writer. A signal names at most 50 orders, so a listener that starts late must not find more of both writers.
MAX_UNSIGNALLED = 20
LINES = sorted(random.Random(3).sample(range(1, 1200), 40))  # through several rounds of quiet mode


class OrderWriter(threading.Thread):
    """Places orders in short and long transactions by turns until it is closed. `placed` are the committed ones."""

    def __init__(self, service: Service, client: redis.Redis, tenant_id: int, long_seconds: float) -> None:
        super().__init__()
        self.service, self.client, self.tenant_id, self.long_seconds = service, client, tenant_id, long_seconds
        self.closed = threading.Event()
        self.placed: set[int] = set()

    def run(self) -> None:
        with psycopg.connect(self.service.database_url) as conn:
            world, n = World(conn), 0
            while not self.closed.is_set():
                order = world.order(self.tenant_id, number=f"{self.long_seconds}-{n}")
                threading.Event().wait(self.long_seconds if n % 2 else 0.0)
                conn.commit()
                self.placed.add(order)
                self.closed.wait(0.4 if n % 4 == 3 else 0.01)  # lets the listener sleep
                self._await_signals()
                n += 1

    def _await_signals(self) -> None:
        while len(self.placed - signalled(self.client, self.tenant_id)) >= MAX_UNSIGNALLED:
            if self.closed.wait(0.01):
                return


def test_every_order_is_signalled_after_a_kill_at_any_line(
    world: World, service: Service, redis_client: redis.Redis, doorbell: Doorbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The next listener runs in this process, without safety drains.
    monkeypatch.setattr(quiet_mode, "SAFETY_SECONDS", 3600.0)
    # Save a cursor: without one every page resyncs.
    drain_without_leader(service.database_url, redis_client)
    for line in LINES:
        tenant = world.tenant(f"line-{line}")
        crashing = doorbell.another(sys.executable, "-m", "tests.support.apps.crashing_listener", str(line))
        writers = [OrderWriter(service, redis_client, tenant, seconds) for seconds in (0.05, 0.3)]
        for writer in writers:
            writer.start()
        try:
            assert crashing.wait(60) == -9, f"line {line} was never reached: {crashing.log}"
        finally:
            for writer in writers:
                writer.closed.set()
        _the_next_listener_signals_all(service, redis_client, tenant, writers)


def _the_next_listener_signals_all(
    service: Service, client: redis.Redis, tenant: int, writers: list[OrderWriter]
) -> None:
    stop = StopSignal()
    with connection.connect(service.database_url) as conn:
        eventually(lambda: locks.try_lead(conn))
        leader = threading.Thread(target=Leader(conn, client, config_for(service), stop).lead)
        leader.start()
        try:
            for writer in writers:
                writer.join()
            placed = set().union(*(writer.placed for writer in writers))
            eventually(lambda: placed <= signalled(client, tenant))
            assert "resync" not in topics(client, tenant), "no page has to resync"
        finally:
            stop()
            leader.join()
