"""Who is taken for dead, and who is not: the signs of life of a leader, and those who watch for them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import redis

from webapp.doorbell import connection
from webapp.listener import heartbeat
from webapp.listener import standby as leadership
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
        assert connection.try_lead(conn)
        yield conn


@pytest.fixture
def standby(service: Service) -> Iterator[connection.Connection]:
    with connection.connect(service.database_url) as conn:
        yield conn


def test_a_leader_without_a_sign_of_life_is_silent_after_three_seconds_and_not_before(
    leader: connection.Connection,
    standby: connection.Connection,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leadership, "WORKING_SECONDS", 0.0)  # the session's last statement is no sign of life
    clock = Clock(1_000.0)
    silence = leadership.FailureDetector(redis_client, clock)
    assert silence.of(standby) is None
    clock.now = 1_002.9
    assert silence.of(standby) is None
    clock.now = 1_003.0
    assert silence.of(standby) == connection.session(leader)


def test_who_leads_next_begins_with_a_clean_slate(
    service: Service, standby: connection.Connection, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one frozen leader cost the next ones their sessions, too."""
    monkeypatch.setattr(leadership, "WORKING_SECONDS", 0.0)
    clock = Clock()
    silence = leadership.FailureDetector(redis_client, clock)
    with connection.connect(service.database_url) as frozen:
        assert connection.try_lead(frozen)
        assert silence.of(standby) is None
        clock.now += leadership.SILENT_SECONDS
        assert silence.of(standby) == connection.session(frozen)
    with connection.connect(service.database_url) as fresh:
        assert eventually(lambda: connection.try_lead(fresh))
        clock.now += leadership.SILENT_SECONDS
        assert silence.of(standby) is None
        clock.now += leadership.SILENT_SECONDS
        assert silence.of(standby) == connection.session(fresh), "the guard: its own silence counts"


def test_a_redis_that_takes_no_writes_is_no_leaders_fault(redis_client: redis.Redis) -> None:
    redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(redis.ResponseError):
            heartbeat.is_missing(redis_client)
    finally:
        redis_client.config_set("maxmemory", "0")
    assert heartbeat.is_missing(redis_client)


def test_work_that_takes_long_is_a_sign_of_life(leader: connection.Connection, redis_client: redis.Redis) -> None:
    beat = Heartbeat(leader, redis_client)
    with beat.kept():
        assert eventually(lambda: redis_client.exists(LEADER_KEY))
        redis_client.delete(LEADER_KEY)
        assert eventually(lambda: redis_client.exists(LEADER_KEY))
        assert not redis_client.exists(HEARTBEAT_KEY), "it lives, and whether it publishes is not known yet"
    beat.close()


def test_who_no_longer_leads_says_so_and_takes_back_no_word_of_another(
    leader: connection.Connection, redis_client: redis.Redis
) -> None:
    beat = Heartbeat(leader, redis_client)
    beat.beat_without_publishing()
    beat.close()
    assert not redis_client.exists(LEADER_KEY)
    redis_client.set(LEADER_KEY, '{"host": "another", "pid": 1, "at": 0}')
    beat.close()
    assert redis_client.exists(LEADER_KEY)


def test_a_leader_that_cannot_publish_lives_but_no_page_calls_itself_live(
    leader: connection.Connection, redis_client: redis.Redis
) -> None:
    Heartbeat(leader, redis_client).beat_without_publishing()
    assert redis_client.exists(LEADER_KEY)
    assert not redis_client.exists(HEARTBEAT_KEY)


def test_a_redis_user_that_may_not_ask_info_stops_no_signal(
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


def test_what_takes_long_by_nature_is_given_time(leader: connection.Connection) -> None:
    leader.answer_seconds = 0.2
    with leader.patient(10):
        leader.execute("SELECT pg_sleep(0.5)")
    with pytest.raises(connection.ServerNotResponding):
        leader.execute("SELECT pg_sleep(5)")


def test_celery_leaves_a_leader_alone_that_cannot_write_to_redis(
    service: Service, leader: connection.Connection, redis_client: redis.Redis
) -> None:
    redis_client.config_set("maxmemory", "1")
    try:
        with pytest.raises(redis.ResponseError):
            leadership.catch_up(service.database_url, redis_client)
    finally:
        redis_client.config_set("maxmemory", "0")
    assert isinstance(leader.execute("SELECT 1"), psycopg.Cursor), "its session lives"
