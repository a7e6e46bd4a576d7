"""The listener as a process: started, killed, restarted, stopped; PostgreSQL and Redis restarted under it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import psycopg
import pytest
import redis

from webapp import health, signals
from webapp.embedded import Embedded

from .processes import Doorbell, Process, eventually
from .world import Service, World


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    yield doorbell
    doorbell.close()


@pytest.fixture
def listener(doorbell: Doorbell) -> Process:
    doorbell.listener.start()
    assert eventually(lambda: "listening" in doorbell.listener.log)
    return doorbell.listener


@pytest.fixture
def client(service: Service) -> Iterator[redis.Redis]:
    with signals.connect(service.redis_url) as client:
        yield client


def signalled(client: redis.Redis, tenant_id: int) -> set[int]:
    entries = client.xrange(signals.log_key(tenant_id))
    topics = [signals.Signal.parse(fields[b"signal"], 1).topics for _, fields in entries]
    return {order for topic in topics for order in topic.get("orders") or []}


def test_a_change_by_plain_sql_is_signalled_at_once(world: World, listener: Process, client: redis.Redis) -> None:
    tenant = world.tenant()
    order = world.order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {order}, 5)


def test_a_killed_listener_catches_up_when_it_is_started_again(
    world: World, listener: Process, client: redis.Redis
) -> None:
    tenant = world.tenant()
    seen = world.order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {seen})
    listener.kill()
    missed = {world.order(tenant) for _ in range(3)}
    listener.start()
    assert eventually(lambda: signalled(client, tenant) == {seen, *missed})


def test_the_second_listener_stands_by_and_takes_over(
    world: World, listener: Process, doorbell: Doorbell, client: redis.Redis
) -> None:
    tenant = world.tenant()
    standby = doorbell.another_listener()
    assert eventually(lambda: "standing by" in standby.log)
    listener.kill()
    order = world.order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {order})


def test_a_restarted_postgresql_costs_seconds_and_no_event(
    world: World, listener: Process, client: redis.Redis, service: Service, embedded: Embedded
) -> None:
    tenant = world.tenant()
    embedded.restart_postgres("immediate")
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        order = World(conn).order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {order}, 20)


def test_changes_made_while_redis_was_away_are_signalled_when_it_is_back(
    world: World, listener: Process, client: redis.Redis, embedded: Embedded
) -> None:
    tenant = world.tenant()
    embedded.stop_redis(signal.SIGKILL)
    try:
        order = world.order(tenant)
        eventually(lambda: "trying again" in listener.log)
    finally:
        embedded.start_redis()
    assert eventually(lambda: signalled(client, tenant) == {order}, 20)


def test_sigterm_stops_it_cleanly(listener: Process) -> None:
    assert listener.stop(5) == 0
    assert listener.log.rstrip().endswith("stopped")


def test_without_its_environment_it_says_all_that_is_missing(doorbell: Doorbell) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        del doorbell.listener.env[name]
    doorbell.listener.start()
    assert doorbell.listener.wait(10) != 0
    assert all(name in doorbell.listener.log for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"))
    assert "Traceback" not in doorbell.listener.log


def test_its_heartbeat_is_what_readyz_looks_for(listener: Process, client: redis.Redis, service: Service) -> None:
    assert eventually(lambda: client.get(signals.HEARTBEAT_KEY))
    parts = health.check(service.database_url, client)
    assert all(part.ok for part in parts.values())
    assert "leads" in parts["listener"].state
    listener.kill()
    client.delete(signals.HEARTBEAT_KEY)
    without = health.check(service.database_url, client)
    assert (without["postgresql"].ok, without["redis"].ok, without["listener"].ok) == (True, True, False)


def test_readyz_names_each_part_that_is_missing() -> None:
    with signals.connect("redis://127.0.0.1:1/0") as nowhere:
        parts = health.check("postgresql://127.0.0.1:1/doorbell", nowhere)
    assert [part.ok for part in parts.values()] == [False, False, False]
    assert all("no answer" in parts[name].state for name in ("postgresql", "redis"))
