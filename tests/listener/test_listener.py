"""The listener as a process: started, killed, restarted, stopped; PostgreSQL and Redis restarted under it."""

from __future__ import annotations

import os
import signal
import threading
import time

import psutil
import psycopg
import pytest
import redis

from webapp.doorbell import connection as bells
from webapp.doorbell import self_ring
from webapp.launcher.embedded import Embedded
from webapp.listener import standby as leadership
from webapp.outbox import drain
from webapp.signals import publisher
from webapp.signals.signal import Signal

from ..support.listener import doorbell, listener  # noqa: F401 - a fixture
from ..support.pooler import Pooler
from ..support.processes import Doorbell, Process, eventually
from ..support.publishing import client  # noqa: F401 - a fixture
from ..support.world import Service, World


def signalled(client: redis.Redis, tenant_id: int) -> set[int]:
    entries = client.xrange(publisher.log_key(tenant_id))
    topics = [Signal.parse(fields[b"signal"], 1).topics for _, fields in entries]
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
    embedded.postgres.restart("immediate")
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        order = World(conn).order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {order}, 20)


def test_changes_made_while_redis_was_away_are_signalled_when_it_is_back(
    world: World, listener: Process, client: redis.Redis, embedded: Embedded
) -> None:
    tenant = world.tenant()
    embedded.redis.stop(signal.SIGKILL)
    try:
        order = world.order(tenant)
        eventually(lambda: "trying again" in listener.log)
    finally:
        embedded.redis.start()
    assert eventually(lambda: signalled(client, tenant) == {order}, 20)


def topics(client: redis.Redis, tenant_id: int) -> list[str]:
    entries = client.xrange(publisher.log_key(tenant_id))
    return [topic for _, fields in entries for topic in Signal.parse(fields[b"signal"], 1).topics]


def test_a_frozen_leader_is_relieved_by_the_standby_and_stands_by_when_it_wakes(
    world: World, listener: Process, doorbell: Doorbell, client: redis.Redis
) -> None:
    tenant = world.tenant()
    standby = doorbell.another_listener()
    assert eventually(lambda: "standing by" in standby.log)
    os.kill(listener.pid, signal.SIGSTOP)
    try:
        order = world.order(tenant)
        assert eventually(lambda: signalled(client, tenant) == {order}, 15)
    finally:
        os.kill(listener.pid, signal.SIGCONT)
    assert eventually(lambda: "standing by" in listener.log)
    later = world.order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {order, later})


def test_a_dump_restored_over_the_database_makes_every_page_resync(
    world: World, listener: Process, client: redis.Redis
) -> None:
    tenant = world.tenant()
    dumped = world.conn.execute("SELECT snapshot::text FROM outbox_readers WHERE name = 'listener'").fetchone()
    order = world.order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {order})
    assert "resync" not in topics(client, tenant)
    world.conn.execute(
        "UPDATE outbox_readers SET snapshot = %s WHERE name = 'listener'", dumped
    )  # all that it sees of a restore
    assert eventually(lambda: "resync" in topics(client, tenant))
    later = world.order(tenant)
    assert eventually(lambda: later in signalled(client, tenant))


def has_session(world: World) -> bool:
    """Whether a listener, killed or not, still has a session."""
    query = "SELECT FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
    return world.conn.execute(query, [bells.APPLICATION_NAME]).fetchone() is not None


def test_a_dump_restored_while_no_listener_ran_makes_every_page_resync(
    world: World, listener: Process, client: redis.Redis
) -> None:
    tenant = world.tenant()
    dumped = world.conn.execute("SELECT snapshot::text FROM outbox_readers WHERE name = 'listener'").fetchone()
    order = world.order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {order})
    saved = world.conn.execute("SELECT snapshot::text FROM outbox_readers WHERE name = 'listener'").fetchone()
    assert saved is not None
    assert eventually(lambda: client.get(drain.PUBLISHED_KEY) == saved[0].encode())
    listener.kill()
    # PostgreSQL finishes the statement of a client that was killed.
    assert eventually(lambda: not has_session(world))
    world.conn.execute("UPDATE outbox_readers SET snapshot = %s WHERE name = 'listener'", dumped)
    listener.start()
    assert eventually(lambda: "resync" in topics(client, tenant))


def test_asleep_it_asks_nothing_but_the_safety_drain_and_the_self_ring(
    world: World, listener: Process, client: redis.Redis
) -> None:
    tenant = world.tenant()
    order = world.order(tenant)
    assert eventually(lambda: signalled(client, tenant) == {order})

    def statements() -> set[object]:
        """When the listener's session last finished a statement: a new time is a new statement."""
        rows = world.conn.execute(
            "SELECT state_change FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()",
            [bells.APPLICATION_NAME],
        )
        return {moment for (moment,) in rows}

    def asleep() -> bool:
        before = statements()
        threading.Event().wait(0.5)
        return statements() == before

    assert eventually(asleep)
    used = psutil.Process(listener.pid).cpu_times()
    seen: set[object] = set()
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        seen |= statements()
        threading.Event().wait(0.01)
    now = psutil.Process(listener.pid).cpu_times()
    # In 5 s: two safety drains, and two proofs of the bell that look at the cursor first; and the first that was seen.
    assert len(seen) <= 7, "one that still drained every 50 ms would have asked 100 times"
    assert now.user + now.system - used.user - used.system < 0.1, "seconds of CPU in 5 s"


def test_a_ring_of_its_own_that_is_not_heard_is_a_fault(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_ring, "DEADLINE_SECONDS", 0.3)
    with bells.connect(service.database_url) as deaf:
        ring = self_ring.SelfRing(deaf, service.database_url)
        with pytest.raises(self_ring.SelfRingTimeout, match=r"was not heard for 0\.3 s; is the network"):
            ring.prove()
        bells.listen(deaf)
        assert ring.prove() < 0.3
        ring.close()


def test_a_pooler_that_swallows_listen_is_found_at_the_start_and_named(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_ring, "DEADLINE_SECONDS", 0.5)
    with psycopg.connect(service.database_url) as conn:
        host, database = conn.info.host, conn.info.dbname
    pooler = Pooler(f"{host}/.s.PGSQL.5432", database)
    with bells.connect(pooler.url) as conn:
        bells.listen(conn)
        ring = self_ring.SelfRing(conn, pooler.url)
        with pytest.raises(
            self_ring.SelfRingTimeout, match=r"a pooler stands between .* Give PostgreSQL's own address"
        ):
            ring.prove()
        ring.close()
    pooler.close()


def test_a_server_that_says_nothing_is_given_up(service: Service) -> None:
    with bells.connect(service.database_url) as conn:
        conn.answer_seconds = 0.2
        with pytest.raises(bells.ServerNotResponding, match=r"said nothing for 0\.2 s"):
            conn.execute("SELECT pg_sleep(5)")
        assert conn.closed


def test_only_the_session_that_was_meant_is_ended(service: Service) -> None:
    """Process ids are used again: a session of the same id that began at another time is somebody else's."""
    with bells.connect(service.database_url) as one, bells.connect(service.database_url) as other:
        session = bells.session(one)
        assert not leadership.end_session(other, bells.Session(session.pid, "2001-01-01 00:00:00+00"))
        assert one.execute("SELECT 1").fetchone() == (1,)
        assert leadership.end_session(other, session)
