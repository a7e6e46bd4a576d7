"""Quiet mode on a real server: who rings and who does not, in every isolation level, and that nobody's change is lost."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import redis
from psycopg import IsolationLevel

from webapp.doorbell import connection
from webapp.outbox import drain

from ..support.isolation import LEVELS
from ..support.wait import eventually
from ..support.world import Service, World


@pytest.fixture
def bell(service: Service) -> Iterator[connection.Connection]:
    """A session that listens, and nothing more."""
    with connection.connect(service.database_url) as conn:
        connection.listen(conn)
        yield conn


def be_quiet(conn: psycopg.Connection) -> None:
    assert conn.execute("SELECT pg_try_advisory_lock(%s)", [connection.QUIET_LOCK]).fetchone() == (True,)


def rings(conn: connection.Connection) -> int:
    """How many have come so far; one of our own, sent last, tells that all before it have."""
    with psycopg.connect(conn.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_notify(%s, 'last')", [connection.CHANNEL])
    heard: list[bytes] = []
    while b"last" not in heard:
        heard += [ring.payload for ring in connection.wait_for_rings(conn, 5)]
    return len(heard) - 1


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_a_writer_rings_unless_the_listener_is_awake(
    world: World, service: Service, bell: connection.Connection, leader: connection.Connection, level: IsolationLevel
) -> None:
    tenant = world.tenant()
    with psycopg.connect(service.database_url) as writer:
        writer.isolation_level = level
        World(writer).order(tenant, number="one")
        writer.commit()
        assert rings(bell) == 1
        be_quiet(leader)
        World(writer).order(tenant, number="two")
        writer.commit()
        assert rings(bell) == 0


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_a_transaction_that_began_while_it_was_quiet_rings_when_it_is_not_quiet_any_more(
    world: World, service: Service, bell: connection.Connection, leader: connection.Connection, level: IsolationLevel
) -> None:
    """A row would show it the past: its snapshot is from before."""
    tenant = world.tenant()
    be_quiet(leader)
    with psycopg.connect(service.database_url) as writer:
        writer.isolation_level = level
        writer.execute("SELECT count(*) FROM orders")
        leader.execute("SELECT pg_advisory_unlock(%s)", [connection.QUIET_LOCK])
        World(writer).order(tenant)
        writer.commit()
    assert rings(bell) == 1


def test_writers_ring_again_the_moment_that_an_awake_listener_dies(
    world: World, bell: connection.Connection, leader: connection.Connection
) -> None:
    tenant = world.tenant()
    be_quiet(leader)
    world.conn.execute("SELECT pg_terminate_backend(%s)", [leader.info.backend_pid])
    eventually(lambda: not world.conn.execute("SELECT FROM pg_locks WHERE locktype = 'advisory'").fetchall())
    world.order(tenant)
    assert rings(bell) == 1


def test_asking_whether_it_is_quiet_leaves_no_lock_behind(world: World, service: Service) -> None:
    tenant = world.tenant()
    with psycopg.connect(service.database_url) as writer:
        World(writer).order(tenant)
        assert not writer.execute("SELECT FROM pg_locks WHERE locktype = 'advisory'").fetchall()


@pytest.mark.parametrize("off", ["off", "OFF", "false", "no", "0"])
def test_a_writer_that_says_so_never_rings(world: World, bell: connection.Connection, off: str) -> None:
    tenant = world.tenant()
    world.conn.execute("SELECT set_config('doorbell.ring', %s, false)", [off])
    world.order(tenant)
    assert rings(bell) == 0
    assert len(world.events()) == 1


def test_a_two_phase_commit_needs_ring_off_and_its_change_is_read(
    world: World, service: Service, leader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(leader, redis_client)
    with psycopg.connect(service.database_url, autocommit=True) as writer:
        writer.execute("BEGIN")
        World(writer).order(tenant)
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="NOTIFY"):
            writer.execute("PREPARE TRANSACTION 'rings'")
        writer.execute("BEGIN")
        writer.execute("SET LOCAL doorbell.ring = off")
        World(writer).order(tenant)
        writer.execute("PREPARE TRANSACTION 'silent'")
        drained = drain.drain(leader, redis_client, cursor)
        assert drained.events == 0
        writer.execute("COMMIT PREPARED 'silent'")
    assert drain.drain(leader, redis_client, drained.cursor).events == 1


def test_a_statement_that_changes_nothing_neither_asks_nor_rings(world: World, bell: connection.Connection) -> None:
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE false")
    assert rings(bell) == 0
