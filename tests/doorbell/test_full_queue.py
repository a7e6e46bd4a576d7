"""A queue of notifications that is full: orders commit, boards live, and the listener keeps its lead.

Any role of any database of the cluster can fill it: it listens, stays in a transaction, and rings.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import psycopg
import pytest
import redis

from webapp import create_app
from webapp.doorbell import connection
from webapp.launcher.embedded import Embedded
from webapp.redis_client import connect

from ..conftest import config_for, servers_in
from ..support.doctor import examined
from ..support.logfmt import lines
from ..support.processes import Doorbell, Process
from ..support.rings import rings
from ..support.signals import signalled
from ..support.strangers import role
from ..support.wait import eventually
from ..support.world import Service, World

SMALL_QUEUE_FROM = 170000  # max_notify_queue_pages came with PostgreSQL 17; before, the queue is always 8 GB


@pytest.fixture(scope="module")
def small() -> Iterator[Embedded]:
    """Servers with a queue of notifications of 512 KB."""
    directory = Path(tempfile.mkdtemp(prefix="doorbell-small-queue-"))
    directory.chmod(0o755)
    servers = servers_in(directory)
    servers.start()
    try:
        with psycopg.connect(servers.database_url, autocommit=True) as conn:
            if conn.info.server_version < SMALL_QUEUE_FROM:
                pytest.skip("before PostgreSQL 17 the queue of notifications cannot be made small")
            conn.execute("ALTER SYSTEM SET max_notify_queue_pages = 64")
        servers.postgres.restart()
        app = create_app(config_for(Service(servers.database_url, servers.redis_url)))
        with app.app_context():
            flask_migrate.upgrade()
            app.extensions["sqlalchemy"].engine.dispose()
        yield servers
    finally:
        servers.stop()
        shutil.rmtree(directory, ignore_errors=True)


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
def filled(place: Service, part: float = 1.0) -> Iterator[None]:
    """A stranger fills the queue to this part, and holds it there."""
    with (
        role(place, "stranger") as url,
        psycopg.connect(url, autocommit=True) as holder,
        psycopg.connect(url, autocommit=True) as ringer,
    ):
        holder.execute("LISTEN anything")
        holder.execute("BEGIN")
        holder.execute("SELECT 1")
        try:
            while ringer.execute("SELECT pg_notification_queue_usage() < %s", [part]).fetchone() == (True,):
                ringer.execute("SELECT pg_notify('anything', clock_timestamp() || repeat('x', 7900))")
        except psycopg.errors.ProgramLimitExceeded:
            assert part == 1.0
        yield
    with psycopg.connect(place.database_url, autocommit=True) as conn:  # the question itself lets PostgreSQL empty it
        eventually(lambda: conn.execute("SELECT pg_notification_queue_usage() < 0.05").fetchone() == (True,))


def orders_commit_and_boards_live(place: Service, shop: World, tenant: int) -> None:
    with connect(place.redis_url) as client:
        for _ in range(3):
            order = shop.order(tenant)
            eventually(lambda order=order: order in signalled(client, tenant), 5)


def awake(shop: World) -> bool:
    """Whether the quiet lock is taken."""
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
    return shop.conn.execute(held, [connection.QUIET_LOCK]).fetchone() == (1,)


def says_that_it_fills_up(listener: Process) -> bool:
    return bool(lines(listener.log, "PostgreSQL's queue of notifications is filling up"))


def test_orders_commit_and_boards_live_through_a_full_queue(place: Service, shop: World, processes: Doorbell) -> None:
    tenant = shop.tenant()
    processes.listener.start()
    eventually(lambda: "listening" in processes.listener.log)
    orders_commit_and_boards_live(place, shop, tenant)
    with filled(place):
        eventually(lambda: says_that_it_fills_up(processes.listener))
        (said,) = lines(processes.listener.log, "PostgreSQL's queue of notifications is filling up")
        assert said["error"] == "a ring of the listener was refused"
        assert said["used"] == "100%"
        eventually(lambda: awake(shop))
        orders_commit_and_boards_live(place, shop, tenant)
        examined(place).says("queue", "FAULT", "100% used")
    eventually(lambda: "empty enough" in processes.listener.log)
    assert processes.listener.running
    assert processes.listener.log.count("listening") == 1, "it has led without a break"
    assert not lines(processes.listener.log, "postgresql is away")
    rings_again(place, shop, tenant)


def rings_again(place: Service, shop: World, tenant: int) -> None:
    eventually(lambda: not awake(shop))
    with rings(place) as heard:
        shop.order(tenant)
    assert [payload for payload in heard if "self" not in payload]


def test_a_listener_that_starts_while_the_queue_is_full_leads(place: Service, shop: World, processes: Doorbell) -> None:
    tenant = shop.tenant()
    with filled(place):
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            shop.order(tenant)
        processes.listener.start()
        eventually(lambda: "listening" in processes.listener.log)
        eventually(lambda: awake(shop))
        orders_commit_and_boards_live(place, shop, tenant)
        assert says_that_it_fills_up(processes.listener)


def test_a_queue_of_more_than_a_tenth_keeps_the_listener_awake(
    place: Service, shop: World, processes: Doorbell
) -> None:
    """Not only a full one: it can be full a moment later."""
    tenant = shop.tenant()
    with filled(place, 0.15):
        processes.listener.start()
        eventually(lambda: says_that_it_fills_up(processes.listener) and awake(shop))
        orders_commit_and_boards_live(place, shop, tenant)
        with rings(place) as heard:
            for _ in range(3):
                shop.order(tenant)
        assert [payload for payload in heard if "self" not in payload] == []
    rings_again(place, shop, tenant)
