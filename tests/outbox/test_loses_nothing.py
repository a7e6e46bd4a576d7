"""The drain loses no event: not with long transactions, not when Celery catches up, not with any mix of writers."""

from __future__ import annotations

import random
import threading

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp.doorbell import connection, locks
from webapp.listener import heartbeat
from webapp.listener.catch_up import drain_without_leader
from webapp.outbox import drain
from webapp.signals import publisher

from ..support.signals import published
from ..support.wait import eventually
from ..support.world import Service, World


def test_celery_catches_up_only_while_no_listener_leads(
    world: World, reader: connection.Connection, redis_client: redis.Redis, service: Service
) -> None:
    world.tenant()
    assert locks.try_lead(reader)
    heartbeat.Heartbeat(reader, redis_client).beat(drain.open_cursor(reader, redis_client))
    world.order(1)
    assert drain_without_leader(service.database_url, redis_client) is None
    session = reader.info.backend_pid
    reader.close()
    ended = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)"
    eventually(lambda: world.conn.execute(ended, [session]).fetchone() == (True,))
    caught = drain_without_leader(service.database_url, redis_client)
    assert caught is not None
    assert caught.events == 1


def test_celery_evicts_a_leader_without_a_heartbeat(
    world: World, reader: connection.Connection, redis_client: redis.Redis, service: Service
) -> None:
    world.tenant()
    assert locks.try_lead(reader)
    drain.open_cursor(reader, redis_client)
    world.order(1)
    caught = drain_without_leader(service.database_url, redis_client)
    assert caught is not None
    assert caught.events == 1
    with pytest.raises(psycopg.errors.AdminShutdown):
        reader.execute("SELECT 1")


def test_a_long_transaction_delays_no_other_and_is_not_lost(
    world: World, reader: connection.Connection, redis_client: redis.Redis, service: Service
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(reader, redis_client)
    with psycopg.connect(service.database_url) as slow:
        slow_order = World(slow).order(tenant, number="slow")
        quick_order = world.order(tenant, number="quick")
        drained = drain.drain(reader, redis_client, cursor)
        assert published(redis_client, tenant)[-1].topics["orders"] == [quick_order]
        drained = drain.drain(reader, redis_client, drained.cursor)
        assert drained.events == 0
        slow.commit()
    drain.drain(reader, redis_client, drained.cursor)
    assert published(redis_client, tenant)[-1].topics["orders"] == [slow_order]


class Writer(threading.Thread):
    """Commits and rolls back at random. `committed` has the orders that it committed."""

    def __init__(self, service: Service, tenant_id: int, seed: int, hold: threading.Event | None = None) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.service, self.tenant_id, self.seed, self.hold = service, tenant_id, seed, hold
        self.committed: set[int] = set()

    def run(self) -> None:
        with psycopg.connect(self.service.database_url) as conn:
            world = World(conn)
            for n in range(1 if self.hold else 25):
                orders = {
                    world.order(self.tenant_id, number=f"W{self.seed}-{n}-{m}")
                    for m in range(self.random.randint(1, 3))
                }
                if self.hold:
                    self.hold.wait(30)
                if self.random.random() < 0.3 and not self.hold:
                    conn.rollback()
                else:
                    conn.commit()
                    self.committed |= orders


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), writers=st.integers(2, 6))
def test_exactly_the_committed_events_are_signalled(
    seed: int, writers: int, world: World, reader: connection.Connection, redis_client: redis.Redis, service: Service
) -> None:
    """Drains during random concurrent transactions with rollbacks and one long transaction."""
    slug = f"t{world.conn.execute('SELECT count(*) FROM tenants').fetchone()[0]}"  # type: ignore[index]
    tenant = world.tenant(slug)
    cursor = drain.open_cursor(reader, redis_client)
    redis_client.delete(publisher.log_key(tenant))
    release = threading.Event()
    threads = [Writer(service, tenant, seed * 100 + n) for n in range(writers)]
    long_writer = Writer(service, tenant, seed * 100 + 99, hold=release)
    for thread in (long_writer, *threads):
        thread.start()
    read = 0
    while any(thread.is_alive() for thread in threads):
        drained = drain.drain(reader, redis_client, cursor)
        cursor, read = drained.cursor, read + drained.events
    release.set()
    long_writer.join()
    read += drain.drain(reader, redis_client, cursor).events
    committed = long_writer.committed.union(*(thread.committed for thread in threads))
    signalled = [signal.topics["orders"] for signal in published(redis_client, tenant)]
    named = {order for ids in signalled for order in ids or ()}
    assert named == committed or (None in signalled and named < committed), (
        "null means more than fifty orders in one drain"
    )
    assert read == len(committed), "each event is read once"
