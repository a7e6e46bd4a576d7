"""`flask doctor` on broken servers: this file has its own PostgreSQL and Redis to break."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis

from webapp import redis_client
from webapp.launcher.embedded import Embedded
from webapp.listener.catch_up import drain_without_leader
from webapp.rollups import refresh

from ..support.doctor import NAMES, examined
from ..support.servers import SMALL_QUEUE_FROM, migrated_servers
from ..support.wait import eventually
from ..support.world import Service, World


@pytest.fixture(scope="module")
def patient() -> Iterator[Embedded]:
    """The two servers, with a notification queue of 512 KB and with prepared transactions."""

    def configure(conn: psycopg.Connection) -> None:
        if conn.info.server_version >= SMALL_QUEUE_FROM:
            conn.execute("ALTER SYSTEM SET max_notify_queue_pages = 64")
        conn.execute("ALTER SYSTEM SET max_prepared_transactions = 5")

    with migrated_servers(configure) as started:
        yield started


@pytest.fixture
def place(patient: Embedded) -> Service:
    return Service(patient.database_url, patient.redis_url)


@pytest.fixture
def sql(place: Service) -> Iterator[psycopg.Connection]:
    with psycopg.connect(place.database_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def cache(place: Service) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(place.redis_url) as client:
        yield client
        client.replicaof("no", "one")
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")


def test_a_prepared_transaction_is_named(place: Service, sql: psycopg.Connection) -> None:
    with psycopg.connect(place.database_url) as other:
        other.execute("CREATE TABLE scratch ()")
        other.execute("PREPARE TRANSACTION 'left behind'")
    try:
        examined(place).says("transactions", "warn", "'left behind' in doorbell", "ROLLBACK PREPARED")
    finally:
        sql.execute("ROLLBACK PREPARED 'left behind'")
    examined(place).says("transactions", "ok", "none prepared")


def fill(sql: psycopg.Connection, notifications: int) -> None:
    # One page per notification.
    for _ in range(notifications):
        sql.execute("SELECT pg_notify('doorbell_v1', repeat('x', 7900))")


def test_a_queue_that_fills_up_is_reported_with_the_blocking_session(place: Service, sql: psycopg.Connection) -> None:
    if sql.info.server_version < SMALL_QUEUE_FROM:
        pytest.skip("before PostgreSQL 17 the notification queue has a fixed size")
    deaf = psycopg.connect(place.database_url, autocommit=True, application_name="a deaf ear")
    deaf.execute("LISTEN doorbell_v1")
    deaf.execute("BEGIN")
    pid = deaf.info.backend_pid
    fill(sql, 10)
    examined(place).says("queue", "warn", f"{pid} 'a deaf ear'", f"pg_terminate_backend({pid})")
    fill(sql, 30)
    examined(place).says("queue", "FAULT", f"{pid} 'a deaf ear'", "every order fails")
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        fill(sql, 64)
    examined(place).says("bell", "FAULT", "refuses NOTIFY because its queue is full", "line “queue”")
    # As advised.
    sql.execute("SELECT pg_terminate_backend(%s)", [pid])
    eventually(lambda: examined(place).levels["queue"] == "ok")
    deaf.close()


def test_a_redis_that_is_full_or_evicts_keys_is_reported(place: Service, cache: redis.Redis) -> None:
    cache.config_set("maxmemory", "100mb")
    examined(place).says("redis", "ok", "a signal arrives in")
    cache.config_set("maxmemory-policy", "allkeys-lru")
    examined(place).says("redis", "warn", "evicts Celery's queue", "noeviction")
    cache.config_set("maxmemory-policy", "volatile-ttl")
    examined(place).says("redis", "warn", "evicts the listener's heartbeat", "noeviction")
    cache.config_set("maxmemory-policy", "noeviction")
    cache.config_set("maxmemory", "1")
    examined(place).says("redis", "FAULT", "refuses writes", "Raise maxmemory")


def test_a_replica_of_redis_is_a_fault(place: Service, cache: redis.Redis) -> None:
    cache.replicaof("127.0.0.1", "1")
    examined(place).says("redis", "FAULT", "a replica of 127.0.0.1, which refuses writes", "primary's address")


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_frozen_postgresql_is_a_fault_within_the_deadline(place: Service, patient: Embedded) -> None:
    pid = int((patient.directory / "postgres" / "postmaster.pid").read_text().split()[0])
    with frozen(pid):
        found = examined(place)
    found.says("postgresql", "FAULT", "does not answer: connection timeout expired", "Check that it runs")
    found.says("redis", "ok", "")
    found.says("bell", "warn", "not checked")


def test_a_frozen_redis_is_a_fault_within_the_deadline(place: Service, cache: redis.Redis) -> None:
    with frozen(cache.info("server")["process_id"]):
        found = examined(place)
    found.says("redis", "FAULT", "does not answer", "Check that it runs")
    found.says("triggers", "ok", "")


def test_a_replica_is_a_fault_and_its_promotion_puts_the_cursors_on_an_old_timeline(
    place: Service, patient: Embedded
) -> None:
    with psycopg.connect(place.database_url, autocommit=True) as conn:
        world = World(conn)
        world.order(world.tenant())
    with redis_client.connect(place.redis_url) as client:
        drain_without_leader(place.database_url, client)
        refresh.refresh(place.database_url)
        (patient.directory / "postgres" / "standby.signal").touch()
        patient.postgres.restart()
        found = examined(place)
        found.says("postgresql", "FAULT", "a replica, in recovery", "primary's address")
        for name in set(NAMES) - {"postgresql", "redis", "clock"}:
            found.says(name, "warn", "not checked: PostgreSQL is a replica")
        with psycopg.connect(place.database_url, autocommit=True) as conn:
            conn.execute("SELECT pg_promote()")
        found = examined(place)
        found.says("postgresql", "ok", "a primary")
        found.says("cursor", "FAULT", "listener cannot continue: the cluster went from timeline 1 to 2")
        found.says("rollups", "FAULT", "rollups cannot continue: the cluster went from timeline 1 to 2")
        drain_without_leader(place.database_url, client)
    examined(place).says("cursor", "ok", "listener has read up to")
