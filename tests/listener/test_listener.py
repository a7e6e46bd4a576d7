"""The listener as a process: it is started, killed and frozen, and PostgreSQL and Redis restart while it runs."""

from __future__ import annotations

import os
import signal
import threading
import time

import psutil
import psycopg
import pytest
import redis

from webapp.doorbell import channel, connection, self_ring
from webapp.launcher.embedded import Embedded
from webapp.listener import standby
from webapp.outbox import drain

from ..support.pooler import Pooler
from ..support.processes import Doorbell, Process
from ..support.signals import signalled, topics
from ..support.wait import eventually
from ..support.world import Service, World


def test_a_change_by_plain_sql_is_signalled_at_once(world: World, listener: Process, redis_client: redis.Redis) -> None:
    tenant = world.tenant()
    order = world.order(tenant)
    assert eventually(lambda: signalled(redis_client, tenant) == {order}, 5)


def test_a_killed_listener_catches_up_after_its_restart(
    world: World, listener: Process, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    seen = world.order(tenant)
    assert eventually(lambda: signalled(redis_client, tenant) == {seen})
    listener.kill()
    missed = {world.order(tenant) for _ in range(3)}
    listener.start()
    assert eventually(lambda: signalled(redis_client, tenant) == {seen, *missed})


def test_a_second_listener_stands_by_and_takes_over(
    world: World, listener: Process, doorbell: Doorbell, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    second = doorbell.another_listener()
    assert eventually(lambda: "standing by" in second.log)
    listener.kill()
    order = world.order(tenant)
    assert eventually(lambda: signalled(redis_client, tenant) == {order})


def test_a_restart_of_postgresql_loses_no_event(
    world: World, listener: Process, redis_client: redis.Redis, service: Service, embedded: Embedded
) -> None:
    tenant = world.tenant()
    embedded.postgres.restart("immediate")
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        order = World(conn).order(tenant)
    assert eventually(lambda: signalled(redis_client, tenant) == {order})


def test_changes_during_an_outage_of_redis_are_signalled_after_it(
    world: World, listener: Process, redis_client: redis.Redis, embedded: Embedded
) -> None:
    tenant = world.tenant()
    embedded.redis.stop(signal.SIGKILL)
    try:
        order = world.order(tenant)
        eventually(lambda: "trying again" in listener.log)
    finally:
        embedded.redis.start()
    assert eventually(lambda: signalled(redis_client, tenant) == {order})


def test_the_standby_evicts_a_frozen_leader_which_stands_by_when_it_wakes(
    world: World, listener: Process, doorbell: Doorbell, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    second = doorbell.another_listener()
    assert eventually(lambda: "standing by" in second.log)
    os.kill(listener.pid, signal.SIGSTOP)
    try:
        order = world.order(tenant)
        assert eventually(lambda: signalled(redis_client, tenant) == {order})
    finally:
        os.kill(listener.pid, signal.SIGCONT)
    assert eventually(lambda: "standing by" in listener.log)
    later = world.order(tenant)
    assert eventually(lambda: signalled(redis_client, tenant) == {order, later})


def saved_cursor(world: World) -> str:
    """The listener's snapshot, as a dump taken now would have it."""
    row = world.conn.execute("SELECT snapshot::text FROM outbox_readers WHERE name = 'listener'").fetchone()
    assert row is not None
    return str(row[0])


def restore_cursor(world: World, snapshot: str) -> None:
    """Set the cursor back. The listener sees no more of a restored dump than this."""
    world.conn.execute("UPDATE outbox_readers SET snapshot = %s WHERE name = 'listener'", [snapshot])


def test_a_dump_restored_over_the_database_makes_every_page_resync(
    world: World, listener: Process, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    dumped = saved_cursor(world)
    order = world.order(tenant)
    assert eventually(lambda: signalled(redis_client, tenant) == {order})
    # The listener saves its cursor up to 0.2 s after the signal.
    assert eventually(lambda: saved_cursor(world) != dumped)
    assert "resync" not in topics(redis_client, tenant)
    restore_cursor(world, dumped)
    assert eventually(lambda: "resync" in topics(redis_client, tenant))
    later = world.order(tenant)
    assert eventually(lambda: later in signalled(redis_client, tenant))


def has_session(world: World) -> bool:
    """Whether a listener, killed or not, still has a session."""
    query = "SELECT FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
    return world.conn.execute(query, [connection.APPLICATION_NAME]).fetchone() is not None


def test_a_dump_restored_while_no_listener_runs_makes_every_page_resync(
    world: World, listener: Process, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    dumped = saved_cursor(world)
    order = world.order(tenant)
    assert eventually(lambda: signalled(redis_client, tenant) == {order})
    # Saved up to 0.2 s after the signal, and then copied to Redis: the dump is older than both.
    assert eventually(lambda: saved_cursor(world) != dumped)
    assert eventually(lambda: redis_client.get(drain.PUBLISHED_KEY) == saved_cursor(world).encode())
    listener.kill()
    # PostgreSQL finishes the statement of a client that was killed.
    assert eventually(lambda: not has_session(world))
    restore_cursor(world, dumped)
    listener.start()
    assert eventually(lambda: "resync" in topics(redis_client, tenant))


def test_a_sleeping_listener_runs_only_the_safety_drain_and_the_self_ring(
    world: World, listener: Process, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    order = world.order(tenant)
    assert eventually(lambda: signalled(redis_client, tenant) == {order})

    def statements() -> set[object]:
        """When the listener's session last finished a statement. A new time means a new statement."""
        rows = world.conn.execute(
            "SELECT state_change FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()",
            [connection.APPLICATION_NAME],
        )
        return {moment for (moment,) in rows}

    def asleep() -> bool:
        before = statements()
        threading.Event().wait(1.0)
        return statements() == before

    assert eventually(asleep)
    used = psutil.Process(listener.pid).cpu_times()
    seen: set[object] = set()
    began = time.monotonic()
    while time.monotonic() < began + 5:
        seen |= statements()
        threading.Event().wait(0.01)
    now = psutil.Process(listener.pid).cpu_times()
    # 5 s, and more on a machine that stopped this process for a while.
    times = (time.monotonic() - began) / 5
    # In 5 s: two safety drains, two self-rings that check the cursor first, and the statement before all of them.
    assert len(seen) <= 7 * times, "an awake listener would have drained 100 times"
    assert now.user + now.system - used.user - used.system < 0.1 * times, "seconds of CPU in 5 s"


def test_a_self_ring_that_does_not_arrive_is_an_error(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.connect(service.database_url) as conn:
        ring = self_ring.SelfRing(conn, service.database_url)
        with monkeypatch.context() as patch:
            patch.setattr(self_ring, "DEADLINE_SECONDS", 0.3)
            with pytest.raises(self_ring.SelfRingTimeout, match=r"arrived within 0\.3 s; check the network"):
                ring.prove()
        channel.listen(conn)
        seconds = ring.prove()
        assert seconds is not None
        assert seconds < self_ring.DEADLINE_SECONDS
        ring.close()


def test_a_pooler_that_drops_listen_is_named_in_the_error(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_ring, "DEADLINE_SECONDS", 0.5)
    with psycopg.connect(service.database_url) as conn:
        host, database = conn.info.host, conn.info.dbname
    pooler = Pooler(f"{host}/.s.PGSQL.5432", database)
    with connection.connect(pooler.url) as conn:
        channel.listen(conn)
        ring = self_ring.SelfRing(conn, pooler.url)
        with pytest.raises(
            self_ring.SelfRingTimeout, match=r"a pooler between .* Set DATABASE_URL to PostgreSQL's own address"
        ):
            ring.prove()
        ring.close()
    pooler.close()


def test_a_server_that_does_not_respond_is_given_up(service: Service) -> None:
    with connection.connect(service.database_url) as conn:
        conn.timeout_seconds = 0.2
        with pytest.raises(connection.ServerNotResponding, match=r"did not respond for 0\.2 s"):
            conn.execute("SELECT pg_sleep(5)")
        assert conn.closed


def test_only_the_intended_session_is_evicted(service: Service) -> None:
    """The system reuses process ids: a session with the same id and another start is another session."""
    with connection.connect(service.database_url) as one, connection.connect(service.database_url) as other:
        session = connection.session(one)
        assert not standby.evict(other, connection.Session(session.pid, "2001-01-01 00:00:00+00"))
        assert one.execute("SELECT 1").fetchone() == (1,)
        assert standby.evict(other, session)
