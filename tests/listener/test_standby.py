"""The failure detector and the heartbeat: which leader is evicted, and which is not."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import redis

from webapp.doorbell import connection, locks
from webapp.listener import heartbeat
from webapp.listener import standby as standing_by
from webapp.listener.catch_up import drain_without_leader
from webapp.listener.heartbeat import LEADER_KEY, Heartbeat
from webapp.outbox import drain
from webapp.redis_client import connect
from webapp.signals.publisher import HEARTBEAT_KEY

from ..support.clock import Clock
from ..support.wait import eventually
from ..support.world import Service, World


@pytest.fixture
def leader(service: Service) -> Iterator[connection.Connection]:
    with connection.connect(service.database_url) as conn:
        assert locks.try_lead(conn)
        yield conn


@pytest.fixture
def standby(service: Service) -> Iterator[connection.Connection]:
    with connection.connect(service.database_url) as conn:
        yield conn


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The detector's clock. No session counts as working, whenever its last statement ended."""
    monkeypatch.setattr(standing_by, "WORKING_SECONDS", 0.0)
    return Clock()


def test_a_leader_is_suspected_after_three_seconds_without_a_heartbeat_and_not_before(
    leader: connection.Connection, standby: connection.Connection, redis_client: redis.Redis, clock: Clock
) -> None:
    detector = standing_by.FailureDetector(redis_client, clock)
    assert detector.suspect(standby) is None
    clock.now += 2.99
    assert detector.suspect(standby) is None
    clock.now += 0.01
    assert detector.suspect(standby) == connection.session(leader)


def test_a_working_leader_is_never_suspected(
    leader: connection.Connection, standby: connection.Connection, redis_client: redis.Redis
) -> None:
    clock = Clock()
    detector = standing_by.FailureDetector(redis_client, clock)
    for _ in range(10):
        leader.execute("SELECT 1")
        assert detector.suspect(standby) is None
        clock.now += standing_by.SUSPECT_SECONDS


def test_a_new_leader_is_not_suspected_for_the_silence_of_the_one_before(
    service: Service, standby: connection.Connection, redis_client: redis.Redis, clock: Clock
) -> None:
    """Otherwise one frozen leader would also cost the next ones their sessions."""
    detector = standing_by.FailureDetector(redis_client, clock)
    with connection.connect(service.database_url) as frozen:
        assert locks.try_lead(frozen)
        assert detector.suspect(standby) is None
        clock.now += standing_by.SUSPECT_SECONDS
        assert detector.suspect(standby) == connection.session(frozen)
    with connection.connect(service.database_url) as fresh:
        assert eventually(lambda: locks.try_lead(fresh))
        clock.now += standing_by.SUSPECT_SECONDS
        assert detector.suspect(standby) is None
        clock.now += standing_by.SUSPECT_SECONDS
        assert detector.suspect(standby) == connection.session(fresh), "guard: its own missing heartbeat counts"


def test_a_redis_without_writes_proves_nothing_about_the_leader(redis_client: redis.Redis) -> None:
    redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(redis.ResponseError):
            heartbeat.is_missing(redis_client)
    finally:
        redis_client.config_set("maxmemory", "0")
    assert heartbeat.is_missing(redis_client)


def test_the_heartbeat_goes_on_during_long_work(leader: connection.Connection, redis_client: redis.Redis) -> None:
    beat = Heartbeat(leader, redis_client)
    with beat.keep_alive():
        assert eventually(lambda: redis_client.exists(LEADER_KEY))
        redis_client.delete(LEADER_KEY)
        assert eventually(lambda: redis_client.exists(LEADER_KEY))
        assert not redis_client.exists(HEARTBEAT_KEY), "whether it publishes is not known yet"
    beat.close()


def test_a_former_leader_deletes_its_own_heartbeat_and_no_other(
    leader: connection.Connection, redis_client: redis.Redis
) -> None:
    beat = Heartbeat(leader, redis_client)
    beat.beat_without_publishing()
    beat.close()
    assert not redis_client.exists(LEADER_KEY)
    redis_client.set(LEADER_KEY, '{"host": "another", "pid": 1, "at": 0}')
    beat.close()
    assert redis_client.exists(LEADER_KEY)


def test_a_leader_that_cannot_publish_keeps_the_lead_but_no_page_is_live(
    leader: connection.Connection, redis_client: redis.Redis
) -> None:
    Heartbeat(leader, redis_client).beat_without_publishing()
    assert redis_client.exists(LEADER_KEY)
    assert not redis_client.exists(HEARTBEAT_KEY)


def test_a_redis_user_without_info_still_gets_signals_published(
    service: Service, leader: connection.Connection, redis_client: redis.Redis, world: World
) -> None:
    redis_client.execute_command("ACL", "SETUSER", "careful", "on", ">secret", "~*", "&*", "+@all", "-@dangerous")
    try:
        url = service.redis_url.replace("redis://:", "redis://careful:").replace(
            service.redis_url.split(":")[2].split("@")[0], "secret"
        )
        with connect(url) as careful:
            cursor = drain.open_cursor(leader, careful)
            beat = Heartbeat(leader, careful)
            beat.beat(cursor)
            beat.beat(cursor)
            assert careful.exists(HEARTBEAT_KEY)
            world.order(world.tenant())
            assert drain.drain(leader, careful, cursor).signals == 1
    finally:
        redis_client.execute_command("ACL", "DELUSER", "careful")


def test_a_timeout_can_be_longer_for_a_block(leader: connection.Connection) -> None:
    leader.timeout_seconds = 0.2
    with leader.with_timeout(10):
        leader.execute("SELECT pg_sleep(0.5)")
    with pytest.raises(connection.ServerNotResponding):
        leader.execute("SELECT pg_sleep(5)")


def test_catch_up_does_not_evict_a_leader_that_cannot_write_to_redis(
    service: Service, leader: connection.Connection, redis_client: redis.Redis
) -> None:
    redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(redis.ResponseError):
            drain_without_leader(service.database_url, redis_client)
    finally:
        redis_client.config_set("maxmemory", "0")
    assert isinstance(leader.execute("SELECT 1"), psycopg.Cursor), "its session was not ended"
