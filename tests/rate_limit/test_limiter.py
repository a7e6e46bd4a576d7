"""The rate limiter: windows, hits that are taken back, and what it does while Redis is away."""

from __future__ import annotations

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from webapp.rate_limit import local_storage
from webapp.rate_limit.limiter import AWAY_SECONDS, RateLimiter
from webapp.rate_limit.local_storage import LocalStorage

from ..support.clock import Clock

LIMIT: RateLimitItem = RateLimitItemPerSecond(3, 100, "test")
MEANWHILE = "each process counts by itself"


def no_redis() -> redis.Redis:
    """A client without a server, which fails at once."""
    return redis.Redis(port=1, retry=Retry(NoBackoff(), 0))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shared(redis_client: redis.Redis, clock: Clock) -> RateLimiter:
    return RateLimiter(redis_client, "limits-test", MEANWHILE, clock)


@pytest.fixture
def alone(clock: Clock) -> RateLimiter:
    """A limiter without a Redis."""
    return RateLimiter(no_redis(), "limits-test", MEANWHILE, clock)


@pytest.fixture(params=["shared", "alone"])
def limiter(request: pytest.FixtureRequest) -> RateLimiter:
    found: RateLimiter = request.getfixturevalue(request.param)
    return found


def test_hits_are_counted_per_limit_and_client(limiter: RateLimiter) -> None:
    other = RateLimitItemPerSecond(3, 100, "other")
    assert [limiter.hit(LIMIT, "ana") for _ in range(4)] == [1, 2, 3, 4]
    assert (limiter.hit(LIMIT, "ben"), limiter.hit(other, "ana"), limiter.hits(LIMIT, "ana")) == (1, 1, 4)
    assert 90 <= limiter.seconds_left(LIMIT, "ana") <= 100


def test_a_hit_that_is_taken_back_does_not_count(limiter: RateLimiter) -> None:
    limiter.hit(LIMIT, "ana")
    limiter.hit(LIMIT, "ana")
    limiter.take_back(LIMIT, "ana")
    assert limiter.hit(LIMIT, "ana") == 2


def test_a_forgotten_client_begins_at_one(limiter: RateLimiter) -> None:
    limiter.hit(LIMIT, "ana")
    limiter.hit(LIMIT, "ana")
    limiter.forget(LIMIT, "ana")
    assert limiter.hits(LIMIT, "ana") == 0
    assert limiter.hit(LIMIT, "ana") == 1


def test_further_hits_do_not_extend_a_window(shared: RateLimiter, redis_client: redis.Redis) -> None:
    shared.hit(LIMIT, "ana")
    (key,) = redis_client.keys("limits-test:*")
    redis_client.expire(key, 40)
    shared.hit(LIMIT, "ana")
    shared.take_back(LIMIT, "ana")
    shared.hit(LIMIT, "ana")
    assert 30 <= shared.seconds_left(LIMIT, "ana") <= 40


def test_a_local_window_ends_where_it_began_plus_its_length(alone: RateLimiter, clock: Clock) -> None:
    alone.hit(LIMIT, "ana")
    clock.now += 60
    assert (alone.hit(LIMIT, "ana"), alone.seconds_left(LIMIT, "ana")) == (2, 40)
    clock.now += 40
    assert (alone.hits(LIMIT, "ana"), alone.hit(LIMIT, "ana"), alone.seconds_left(LIMIT, "ana")) == (0, 1, 100)


def test_redis_is_tried_again_after_a_pause(
    shared: RateLimiter, redis_client: redis.Redis, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    shared.hit(LIMIT, "ana")
    (key,) = redis_client.keys("limits-test:*")
    redis_client.delete(key)
    redis_client.rpush(key, "another type")
    assert [shared.hit(LIMIT, "ana") for _ in range(2)] == [1, 2], "counted in this process"
    assert f"redis is away; {MEANWHILE}" in caplog.text
    redis_client.delete(key)
    clock.now += AWAY_SECONDS
    assert shared.hit(LIMIT, "ana") == 1, "counted in Redis again"
    assert shared.hits(LIMIT, "ana") == 1


def test_a_full_storage_drops_only_the_client_that_was_not_counted_for_longest(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_storage, "MAX_KEPT", 5)
    limiter = RateLimiter(no_redis(), "limits-test", MEANWHILE, clock)
    for n in range(20):
        limiter.hit(LIMIT, f"client {n}")
        limiter.hit(LIMIT, "busy")
        assert limiter.kept <= 5
    assert limiter.hits(LIMIT, "busy") == 20
    assert [limiter.hits(LIMIT, f"client {n}") for n in (14, 18, 19)] == [0, 1, 1]


STEPS = st.lists(st.tuples(st.sampled_from([1, -1, 0]), st.sampled_from(["ana", "ben"])), max_size=20)


@given(STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counters_in_redis_and_in_the_process_agree(redis_client: redis.Redis, steps: list[tuple[int, str]]) -> None:
    """Each step adds to a counter, or ends its window (0)."""
    redis_client.flushdb()
    storages = (RedisStorage("redis://", connection_pool=redis_client.connection_pool), LocalStorage())
    for amount, key in steps:
        if amount:
            shared, alone = (storage.incr(key, 100, amount) for storage in storages)
            assert shared == alone
        else:
            for storage in storages:
                storage.clear(key)
    for key in ("ana", "ben"):
        shared, alone = (storage.get(key) for storage in storages)
        assert shared == alone
