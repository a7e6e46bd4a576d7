"""A listener that dies at any line of its code, under writers that are open meanwhile: the next one loses nothing."""

from __future__ import annotations

import random
import sys
import threading

import psycopg
import pytest
import redis

from webapp.concurrency.stop_signal import StopSignal
from webapp.doorbell import connection, quiet_mode
from webapp.listener import standby
from webapp.listener.leader import Leader

from ..conftest import config_for
from ..support.processes import Doorbell
from ..support.signals import signalled, topics
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.faults
LINES = sorted(random.Random(3).sample(range(1, 1200), 40))  # from its start through several turns of quiet mode


class OrderWriter(threading.Thread):
    """Places orders, short and long transactions in turn, until it is closed; knows what it committed."""

    def __init__(self, service: Service, tenant_id: int, long_seconds: float) -> None:
        super().__init__()
        self.service, self.tenant_id, self.long_seconds = service, tenant_id, long_seconds
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
                self.closed.wait(0.4 if n % 4 == 3 else 0.01)  # time to fall silent in
                n += 1


def test_whatever_line_it_dies_at_the_next_listener_tells_of_every_order(
    world: World, service: Service, redis_client: redis.Redis, doorbell: Doorbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet_mode, "SAFETY_SECONDS", 3600.0)  # of the next listener, which runs here
    standby.catch_up(service.database_url, redis_client)  # a cursor to begin from: without one everybody resyncs
    for line in LINES:
        tenant = world.tenant(f"line-{line}")
        crashing = doorbell.another(sys.executable, "-m", "tests.support.apps.crashing_listener", str(line))
        shops = [OrderWriter(service, tenant, seconds) for seconds in (0.05, 0.3)]
        for shop in shops:
            shop.start()
        try:
            assert crashing.wait(20) == -9, f"line {line} was never reached: {crashing.log}"
        finally:
            for shop in shops:
                shop.closed.set()
        _the_next_one_reads_it_all(service, redis_client, tenant, shops)


def _the_next_one_reads_it_all(service: Service, client: redis.Redis, tenant: int, shops: list[OrderWriter]) -> None:
    stop = StopSignal()
    with connection.connect(service.database_url) as conn:
        eventually(lambda: connection.try_lead(conn))
        leader = threading.Thread(target=Leader(conn, client, config_for(service), stop).answer)
        leader.start()
        try:
            for shop in shops:
                shop.join()
            placed = set().union(*(shop.placed for shop in shops))
            eventually(lambda: placed <= signalled(client, tenant), 3)
            assert "resync" not in topics(client, tenant), "nobody has to ask for everything"
        finally:
            stop()
            leader.join()
