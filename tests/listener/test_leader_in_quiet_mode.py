"""A leader in quiet mode: when it silences writers, and that it loses no change."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import psycopg
import pytest
import redis
from psycopg import IsolationLevel

from webapp.concurrency.stop_signal import StopSignal
from webapp.doorbell import connection, locks, quiet_mode
from webapp.doorbell.drain_pace import DrainPace
from webapp.doorbell.quiet_mode import QuietMode, State
from webapp.listener.leader import Leader
from webapp.outbox import drain as outbox

from ..conftest import config_for
from ..support.isolation import LEVELS
from ..support.wait import eventually
from ..support.world import Service, World

INTERVAL = 0.05  # seconds, between drains


class Drains:
    """A leader's drains, one at a time, on a clock that only they advance."""

    def __init__(self, conn: connection.Connection, client: redis.Redis) -> None:
        self.conn, self.client, self.seconds = conn, client, 0.0
        self.quiet = QuietMode(conn, DrainPace(INTERVAL), clock=lambda: self.seconds)
        self.cursor = outbox.open_cursor(conn, client)

    def drain(self) -> int:
        self.seconds += self.quiet.pause
        drained = outbox.drain(self.conn, self.client, self.cursor)
        self.cursor = drained.cursor
        self.quiet.drained(drained.events, self.cursor.snapshot)
        return drained.events

    def drain_until(self, state: State) -> None:
        for _ in range(20):
            if self.quiet.state is state:
                return
            self.drain()
        raise AssertionError(f"{self.quiet.state} after 20 drains, not {state}")


@pytest.fixture
def drains(leader: connection.Connection, redis_client: redis.Redis) -> Drains:
    return Drains(leader, redis_client)


def test_an_event_wakes_the_listener_and_empty_drains_let_it_sleep(world: World, drains: Drains) -> None:
    tenant = world.tenant()
    drains.drain_until(State.ASLEEP)
    assert drains.quiet.pause == quiet_mode.SAFETY_SECONDS
    world.order(tenant)
    assert drains.drain() == 1
    assert (drains.quiet.state, drains.quiet.pause) == (State.AWAKE, INTERVAL)
    drains.drain_until(State.ASLEEP)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_the_listener_does_not_sleep_before_a_silenced_writer_has_ended(
    world: World, drains: Drains, service: Service, level: IsolationLevel
) -> None:
    tenant = world.tenant()
    world.order(tenant)
    drains.drain_until(State.AWAKE)
    with psycopg.connect(service.database_url) as writer:
        writer.isolation_level = level
        World(writer).order(tenant, number="silenced")
        drains.drain_until(State.GRACE)
        for _ in range(5):
            assert drains.drain() == 0
            assert drains.quiet.state is State.GRACE
        writer.commit()
    assert drains.drain() == 1, "read without a ring"
    drains.drain_until(State.ASLEEP)


def test_the_pause_grows_while_a_transaction_stays_open(world: World, drains: Drains, service: Service) -> None:
    tenant = world.tenant()
    with psycopg.connect(service.database_url) as writer:
        World(writer).order(tenant)
        drains.drain_until(State.GRACE)
        pauses = []
        for _ in range(25):
            drains.drain()
            pauses.append(drains.quiet.pause)
        writer.rollback()
    assert pauses == sorted(pauses)
    assert pauses[-1] == quiet_mode.SAFETY_SECONDS


def test_a_lock_that_a_writer_shares_is_tried_again(world: World, drains: Drains, service: Service) -> None:
    tenant = world.tenant()
    drains.drain_until(State.ASLEEP)
    with psycopg.connect(service.database_url, autocommit=True) as writer:
        writer.execute("SELECT pg_advisory_lock_shared(%s)", [locks.QUIET_LOCK])
        world.order(tenant)
        drains.drain()
        assert (drains.quiet.state, drains.quiet.pause) == (State.WAKING, INTERVAL)
        drains.drain()
        assert drains.quiet.state is State.WAKING, "it must not sleep without having held the lock"
    drains.drain_until(State.AWAKE)


class Writer(threading.Thread):
    """Two transactions: the first wakes the listener, the second begins while it is awake and ends at random."""

    def __init__(self, service: Service, tenant_id: int, seed: int) -> None:
        super().__init__()
        self.service, self.tenant_id, self.seed = service, tenant_id, seed

    def run(self) -> None:
        chance = random.Random(self.seed)
        pause = threading.Event()
        with psycopg.connect(self.service.database_url) as conn:
            for length in (0.0, chance.uniform(0.0, 0.6)):
                conn.isolation_level = chance.choice(LEVELS)
                World(conn).order(self.tenant_id, number=f"{self.seed}-{length}")
                pause.wait(length)
                conn.commit()


@pytest.fixture
def two_listeners(service: Service, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A leader and a standby in this process, both without safety drains."""
    monkeypatch.setattr(quiet_mode, "SAFETY_SECONDS", 3600.0)
    stop = StopSignal()

    def lead() -> None:
        while not stop.requested:
            try:
                with connection.connect(service.database_url) as conn:
                    while not locks.try_lead(conn):
                        stop.wait(0.01)
                        if stop.requested:
                            return
                    Leader(conn, redis_client, config_for(service), stop).lead()
            except psycopg.OperationalError:
                continue

    threads = [threading.Thread(target=lead) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    stop()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("leaders_die", [False, True], ids=["leaders live", "leaders die"])
def test_no_change_is_lost_without_safety_drains(
    world: World, service: Service, two_listeners: None, leaders_die: bool
) -> None:
    tenant = world.tenant()
    for seed in range(12):
        writer = Writer(service, tenant, seed)
        writer.start()
        if leaders_die:
            threading.Event().wait(random.Random(seed).uniform(0.0, 0.5))
            world.conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = %s AND datname = current_database()",
                [connection.APPLICATION_NAME],
            )
        writer.join()
        # Without safety drains a lost change is not read before the next writer's.
        eventually(lambda: unread(world) == 0)
    assert len(world.events()) == 24


def unread(world: World) -> int:
    """The number of events after the saved cursor, so not published yet."""
    row = world.conn.execute(
        "SELECT count(*) FROM order_events e LEFT JOIN outbox_readers r ON r.name = 'listener'"
        " WHERE NOT coalesce(pg_visible_in_snapshot(e.xid, r.snapshot), false)"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_listener_that_is_kept_awake_never_sleeps(world: World, drains: Drains) -> None:
    """It is kept awake while PostgreSQL's notification queue fills up."""
    drains.drain_until(State.ASLEEP)
    assert not drains.quiet.must_wake
    drains.quiet.keep_awake = True
    assert drains.quiet.must_wake
    drains.drain_until(State.AWAKE)
    kept_until = drains.seconds + 3 * quiet_mode.SILENCE_SECONDS
    while drains.seconds < kept_until:
        drains.drain()
        assert drains.quiet.state is State.AWAKE
    drains.quiet.keep_awake = False
    drains.drain_until(State.ASLEEP)
    assert not drains.quiet.must_wake
