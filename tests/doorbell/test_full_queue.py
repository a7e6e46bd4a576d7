"""A full notification queue: orders commit, boards stay live, and the listener keeps its lead.

Any role of any database of the cluster can fill the queue: it listens, stays in a transaction, and rings.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis

from webapp.doorbell import locks
from webapp.launcher.embedded import Embedded
from webapp.redis_client import connect

from ..support.doctor import examined
from ..support.logfmt import lines
from ..support.processes import Doorbell, Process
from ..support.rings import rings
from ..support.servers import SMALL_QUEUE_FROM, migrated_servers
from ..support.signals import signalled
from ..support.strangers import role
from ..support.wait import eventually
from ..support.world import Service, World


@pytest.fixture(scope="module")
def small() -> Iterator[Embedded]:
    """Servers with a notification queue of 512 KB."""

    def configure(conn: psycopg.Connection) -> None:
        if conn.info.server_version < SMALL_QUEUE_FROM:
            pytest.skip("before PostgreSQL 17 the notification queue cannot be made small")
        conn.execute("ALTER SYSTEM SET max_notify_queue_pages = 64")

    with migrated_servers(configure) as started:
        yield started


@pytest.fixture
def place(small: Embedded) -> Service:
    """The servers with an empty Redis."""
    with redis.Redis.from_url(small.redis_url) as client:
        client.flushall()
    return Service(small.database_url, small.redis_url)


@pytest.fixture
def shop(place: Service) -> Iterator[World]:
    with psycopg.connect(place.database_url, autocommit=True) as conn:
        conn.execute("DELETE FROM order_lines; DELETE FROM orders; DELETE FROM tenants")
        yield World(conn)


@pytest.fixture
def processes(place: Service) -> Iterator[Doorbell]:
    processes = Doorbell(place, LOG_FORMAT="logfmt")
    yield processes
    processes.close()


@contextmanager
def filled(place: Service, part: float = 1.0, unseen_by: Process | None = None) -> Iterator[None]:
    """Another role fills this part of the queue, and keeps it full. `unseen_by` is stopped meanwhile."""
    with (
        role(place, "stranger") as url,
        psycopg.connect(url, autocommit=True) as holder,
        psycopg.connect(url, autocommit=True) as ringer,
    ):
        holder.execute("LISTEN anything")
        holder.execute("BEGIN")
        holder.execute("SELECT 1")
        if unseen_by is not None:
            unseen_by.send(signal.SIGSTOP)
        try:
            while ringer.execute("SELECT pg_notification_queue_usage() < %s", [part]).fetchone() == (True,):
                ringer.execute("SELECT pg_notify('anything', clock_timestamp() || repeat('x', 7900))")
        except psycopg.errors.ProgramLimitExceeded:
            assert part == 1.0
        finally:
            if unseen_by is not None:
                unseen_by.send(signal.SIGCONT)
        yield
    # Reading the usage also lets PostgreSQL empty the queue.
    with psycopg.connect(place.database_url, autocommit=True) as conn:
        eventually(lambda: conn.execute("SELECT pg_notification_queue_usage() < 0.05").fetchone() == (True,))


def check_that_orders_are_signalled(place: Service, shop: World, tenant: int) -> None:
    with connect(place.redis_url) as client:
        for _ in range(3):
            order = shop.order(tenant)
            eventually(lambda order=order: order in signalled(client, tenant), 5)


def awake(shop: World) -> bool:
    """Whether a session holds the quiet lock."""
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
    return shop.conn.execute(held, [locks.QUIET_LOCK]).fetchone() == (1,)


def has_logged_a_full_queue(listener: Process) -> bool:
    return bool(lines(listener.log, "PostgreSQL's notification queue is filling up"))


def test_orders_are_signalled_while_the_queue_is_full(place: Service, shop: World, processes: Doorbell) -> None:
    tenant = shop.tenant()
    processes.listener.start()
    eventually(lambda: "listening" in processes.listener.log)
    check_that_orders_are_signalled(place, shop, tenant)
    # Else it may see the queue while that fills, and log a part of it.
    with filled(place, unseen_by=processes.listener):
        eventually(lambda: has_logged_a_full_queue(processes.listener))
        (logged,) = lines(processes.listener.log, "PostgreSQL's notification queue is filling up")
        assert logged["error"] == "PostgreSQL refused the listener's own ring"
        assert logged["used"] == "100%"
        eventually(lambda: awake(shop))
        check_that_orders_are_signalled(place, shop, tenant)
        examined(place).says("queue", "FAULT", "100% used")
    eventually(lambda: "empty enough" in processes.listener.log)
    assert processes.listener.running
    assert processes.listener.log.count("listening") == 1, "it never lost the lead"
    assert not lines(processes.listener.log, "postgresql is away")
    check_that_writers_ring(place, shop, tenant)


def check_that_writers_ring(place: Service, shop: World, tenant: int) -> None:
    eventually(lambda: not awake(shop))
    with rings(place) as received:
        shop.order(tenant)
    assert [payload for payload in received if "self" not in payload]


def test_a_listener_that_starts_while_the_queue_is_full_leads(place: Service, shop: World, processes: Doorbell) -> None:
    tenant = shop.tenant()
    with filled(place):
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            shop.order(tenant)
        processes.listener.start()
        eventually(lambda: "listening" in processes.listener.log)
        eventually(lambda: awake(shop))
        check_that_orders_are_signalled(place, shop, tenant)
        assert has_logged_a_full_queue(processes.listener)


def test_a_queue_filled_to_15_percent_keeps_the_listener_awake(
    place: Service, shop: World, processes: Doorbell
) -> None:
    """Not only a full queue counts, because this one may be full a moment later."""
    tenant = shop.tenant()
    with filled(place, 0.15):
        processes.listener.start()
        eventually(lambda: has_logged_a_full_queue(processes.listener) and awake(shop))
        check_that_orders_are_signalled(place, shop, tenant)
        with rings(place) as received:
            for _ in range(3):
                shop.order(tenant)
        assert [payload for payload in received if "self" not in payload] == []
    check_that_writers_ring(place, shop, tenant)
