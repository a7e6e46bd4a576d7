"""Quiet mode on a real server: which writers ring, in every isolation level, and that no change is lost."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import redis
from psycopg import IsolationLevel

from webapp.doorbell import channel, connection, locks
from webapp.outbox import drain

from ..support.isolation import LEVELS
from ..support.wait import eventually
from ..support.world import Service, World


@pytest.fixture
def bell(service: Service) -> Iterator[connection.Connection]:
    """A session that only listens."""
    with connection.connect(service.database_url) as conn:
        channel.listen(conn)
        yield conn


def take_the_quiet_lock(conn: psycopg.Connection) -> None:
    assert conn.execute("SELECT pg_try_advisory_lock(%s)", [locks.QUIET_LOCK]).fetchone() == (True,)


def rings(conn: connection.Connection) -> int:
    """The number of rings so far. A last ring of our own marks their end, because rings arrive in the order of commits."""
    with psycopg.connect(conn.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_notify(%s, 'last')", [channel.CHANNEL])
    received: list[bytes] = []
    while b"last" not in received:
        received += [ring.payload for ring in conn.wait_for_rings(5)]
    return len(received) - 1


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
        take_the_quiet_lock(leader)
        World(writer).order(tenant, number="two")
        writer.commit()
        assert rings(bell) == 0


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_a_transaction_that_began_in_quiet_mode_rings_after_it(
    world: World, service: Service, bell: connection.Connection, leader: connection.Connection, level: IsolationLevel
) -> None:
    """A row would not do: the transaction's snapshot would still show quiet mode."""
    tenant = world.tenant()
    take_the_quiet_lock(leader)
    with psycopg.connect(service.database_url) as writer:
        writer.isolation_level = level
        writer.execute("SELECT count(*) FROM orders")
        leader.execute("SELECT pg_advisory_unlock(%s)", [locks.QUIET_LOCK])
        World(writer).order(tenant)
        writer.commit()
    assert rings(bell) == 1


def test_writers_ring_as_soon_as_an_awake_listener_dies(
    world: World, bell: connection.Connection, leader: connection.Connection
) -> None:
    tenant = world.tenant()
    take_the_quiet_lock(leader)
    world.conn.execute("SELECT pg_terminate_backend(%s)", [leader.info.backend_pid])
    eventually(lambda: not world.conn.execute("SELECT FROM pg_locks WHERE locktype = 'advisory'").fetchall())
    world.order(tenant)
    assert rings(bell) == 1


def test_a_writer_does_not_keep_the_quiet_lock(world: World, service: Service) -> None:
    tenant = world.tenant()
    with psycopg.connect(service.database_url) as writer:
        World(writer).order(tenant)
        assert not writer.execute("SELECT FROM pg_locks WHERE locktype = 'advisory'").fetchall()


@pytest.mark.parametrize("off", ["off", "OFF", "false", "no", "0"])
def test_a_writer_with_ring_off_never_rings(world: World, bell: connection.Connection, off: str) -> None:
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


def test_a_statement_without_a_change_does_not_ring(world: World, bell: connection.Connection) -> None:
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE false")
    assert rings(bell) == 0
