"""Rings of other roles, which may have any payload: the listener survives them all, and stays fast in a flood."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from psycopg import sql

from webapp.concurrency.stop_signal import StopSignal
from webapp.config import Config
from webapp.doorbell import channel, connection, locks, self_ring
from webapp.listener.leader import Leader
from webapp.observability.metrics.outbox import DRAINS
from webapp.signals import publisher

from ..conftest import config_for
from ..support.metrics import metric_value
from ..support.processes import Process
from ..support.signals import signalled
from ..support.wait import eventually
from ..support.world import Service, World

ODD_PAYLOADS = (
    "",
    "x",
    "null",
    "1",
    "[]",
    "{}",
    '{"self": null}',
    '{"self": []}',
    '{"self": {"a": 1}}',
    '{"self": "',
    '{"self": "' + "a" * 7000 + '"}',
    '{"tenant_id": "x"}',
    "[" * 7999,
    '{"a":' * 900 + "1" + "}" * 900,
    "9" * 7999,
    '"' + "\\ud800" * 500 + '"',
    "NaN",
    "1e999",
    "\u202e",
    "\n\n",
    "ÿ" * 3999,
)


@pytest.fixture
def stranger(service: Service, conn: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A session of a role that may connect and has no other rights."""
    role = f"stranger_{conn.info.dbname}"
    conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    parts = urlsplit(service.database_url)
    url = urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))
    with psycopg.connect(url, autocommit=True) as session:
        yield session
    conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def ring(session: psycopg.Connection, payload: str) -> None:
    session.execute("SELECT pg_notify(%s, %s)", [channel.CHANNEL, payload])


def test_no_payload_ends_the_listener_or_its_lead(
    world: World, listener: Process, stranger: psycopg.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    for payload in ODD_PAYLOADS:
        ring(stranger, payload)
    order = world.order(tenant)
    assert eventually(lambda: order in signalled(redis_client, tenant), 5)
    assert listener.running
    assert listener.log.count("listening") == 1, "it never lost the lead"
    assert "Traceback" not in listener.log


def test_bytes_without_an_encoding_are_a_normal_ring(service: Service, conn: psycopg.Connection) -> None:
    """In an SQL_ASCII database any bytes are text, and a ring arrives in the middle of another session's statement."""
    name = f"ascii_{conn.info.dbname}"
    conn.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    url = service.database_url.replace(f"/{conn.info.dbname}?", f"/{name}?")
    try:
        with connection.connect(url) as receiver, psycopg.connect(url, autocommit=True) as sender:
            channel.listen(receiver)
            sender.execute("SELECT pg_notify('doorbell_v1', convert_from('\\xfffe'::bytea, 'SQL_ASCII'))")
            receiver.execute("SELECT 1")
            assert eventually(lambda: receiver.wait_for_rings(1.0)) == [channel.Ring(b"\xff\xfe")]
    finally:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_only_the_exact_ring_that_was_sent_proves_the_bell(service: Service) -> None:
    with connection.connect(service.database_url) as conn:
        channel.listen(conn)
        proof = self_ring.SelfRing(conn, service.database_url)
        proof.ring()
        for payload in (b"", b'{"self": ""}', b'{"self": "0123456789abcdef"}', b"[" * 7999):
            assert proof.receive(channel.Ring(payload)) is None
        seconds = proof.prove()
        assert seconds is not None
        assert seconds < 4
        proof.close()


def test_a_ring_that_raises_is_logged_once_and_the_loop_goes_on(
    service: Service,
    world: World,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    receive = self_ring.SelfRing.receive

    def fail_for_odd_rings(self: self_ring.SelfRing, ring: channel.Ring) -> float | None:
        if ring.payload.startswith(b"odd"):
            raise RecursionError("too deep")
        return receive(self, ring)

    monkeypatch.setattr(self_ring.SelfRing, "receive", fail_for_odd_rings)
    tenant, stop = world.tenant(), StopSignal()
    with connection.connect(service.database_url) as conn:
        assert locks.try_lead(conn)
        leader = Leader(conn, redis_client, config_for(service), stop)
        thread = threading.Thread(target=leader.lead)
        thread.start()
        try:
            assert eventually(lambda: "listening" in caplog.text or redis_client.exists(publisher.HEARTBEAT_KEY))
            for n in range(20):
                ring(world.conn, f"odd {n}")
            order = world.order(tenant)
            assert eventually(lambda: order in signalled(redis_client, tenant), 5)
        finally:
            stop()
            thread.join()
    logged = [record for record in caplog.records if "a ring is unreadable" in record.getMessage()]
    assert len(logged) == 1, "one line for all rings of this kind"


def test_the_listener_recovers_from_an_unexpected_error(
    service: Service, world: World, listener: Process, redis_client: redis.Redis
) -> None:
    """Here psycopg cannot read the time of the cursor; any other error of the loop is handled in the same place."""
    listener.kill()
    world.conn.execute("UPDATE outbox_readers SET drained_at = 'infinity'")
    listener.start()
    assert eventually(lambda: "DataError" in listener.log)
    assert listener.running
    world.conn.execute("UPDATE outbox_readers SET drained_at = now()")
    tenant = world.tenant()
    assert eventually(lambda: listener.log.count("listening") == 2)
    order = world.order(tenant)
    assert eventually(lambda: order in signalled(redis_client, tenant), 5)


def test_a_flood_of_rings_delays_no_signal_for_long(
    world: World, listener: Process, stranger: psycopg.Connection, redis_client: redis.Redis
) -> None:
    """100,000 rings in transactions of 1,000 each, and a change every 0.1 s."""
    tenant = world.tenant()
    done = threading.Event()

    def flood() -> None:
        for n in range(100):
            statement = (
                "SELECT count(pg_notify('doorbell_v1', %s || repeat('x', 100) || i)) FROM generate_series(1, 1000) i"
            )
            stranger.execute(statement, [str(n)])
        done.set()

    flooding = threading.Thread(target=flood)
    flooding.start()
    lags: list[float] = []
    while not done.is_set() or len(lags) < 10:
        begun = time.monotonic()
        order = world.order(tenant)
        assert eventually(lambda order=order: order in signalled(redis_client, tenant), 10)
        lags.append(time.monotonic() - begun)
        done.wait(0.1)
    flooding.join()
    assert statistics.median(lags) < 1.0, f"seconds until a signal: {sorted(lags)}"
    assert max(lags) < 5.0, f"seconds until a signal: {sorted(lags)}"
    assert listener.log.count("listening") == 1
    assert "is away" not in listener.log


def drains(reason: str) -> float:
    return metric_value(DRAINS.labels(reason))


def test_rings_without_events_cause_at_most_twenty_drains_per_second(
    service: Service, world: World, stranger: psycopg.Connection, redis_client: redis.Redis
) -> None:
    """Asleep, each ring causes a drain; after one that found no events, the next waits 50 ms."""
    config: Config = config_for(service)
    stop = StopSignal()
    slept = drains("asleep")
    with connection.connect(service.database_url) as conn:
        assert locks.try_lead(conn)
        leader = Leader(conn, redis_client, config, stop)
        thread = threading.Thread(target=leader.lead)
        thread.start()
        try:
            assert eventually(lambda: drains("asleep") > slept, 15)
            rung, began = drains("ring"), time.monotonic()
            while time.monotonic() < began + 2:
                ring(stranger, str(time.monotonic()))
        finally:
            stop()
            thread.join()
    # The leader drains until it has ended.
    assert 5 < drains("ring") - rung <= (time.monotonic() - began) / config.drain_interval_seconds + 2


def test_the_timeout_does_not_run_while_rings_arrive(service: Service, conn: psycopg.Connection) -> None:
    """A server that sends rings does respond. Once they end, the timeout counts again."""
    with connection.connect(service.database_url) as receiver:
        channel.listen(receiver)
        ring(conn, "one of many")
        receiver.timeout_seconds = 1.0
        receiver.execute("SELECT pg_sleep(1.3)")
        assert receiver.read_rings() == [channel.Ring(b"one of many")]
        with pytest.raises(connection.ServerNotResponding):
            receiver.execute("SELECT pg_sleep(10)")


def test_the_bell_counts_as_proved_while_other_rings_arrive(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.connect(service.database_url) as conn:
        proof = self_ring.SelfRing(conn, service.database_url)
        proof.ring()
        monkeypatch.setattr(self_ring, "DEADLINE_SECONDS", 0.3)
        ends = time.monotonic() + 0.6
        while time.monotonic() < ends:
            proof.receive(channel.Ring(b"another role's"))
            proof.check()
        threading.Event().wait(0.4)
        with pytest.raises(self_ring.SelfRingTimeout):
            proof.check()
        proof.close()
