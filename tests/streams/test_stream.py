"""The stream, read over HTTP from a real gunicorn: hello, signals, resume, resync, and which pages get which signals."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from webapp.launcher.embedded import Embedded
from webapp.panels import pacing
from webapp.signals import publisher

from ..support.processes import Doorbell, get
from ..support.sse import EventStream
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")

Open = Callable[..., EventStream]


@pytest.fixture(params=["socket", "generator"])
def doorbell(request: pytest.FixtureRequest, service: Service) -> Iterator[Doorbell]:
    """The web process, once with each transport of its streams."""
    doorbell = Doorbell(service, STREAM_TRANSPORT=request.param)
    doorbell.start_web()
    yield doorbell
    doorbell.close()


@pytest.fixture
def open_stream(doorbell: Doorbell) -> Iterator[Open]:
    opened: list[EventStream] = []

    def open_stream(user_id: int, since: int | None = None, last_event_id: str | None = None) -> EventStream:
        query = "" if since is None else f"?since={since}"
        stream = EventStream(doorbell.url + "/stream" + query, doorbell.cookie(user_id), last_event_id)
        opened.append(stream)
        return stream

    yield open_stream
    for stream in opened:
        stream.close()


def test_a_stream_greets_with_seq_time_and_headers_that_proxies_obey(world: World, open_stream: Open) -> None:
    stream = open_stream(world.user(world.tenant()))
    assert stream.response.headers["Content-Type"].startswith("text/event-stream")
    assert stream.response.headers["Cache-Control"] == "no-cache, no-transform"
    assert stream.response.headers["X-Accel-Buffering"] == "no"
    hello = stream.until("hello")
    assert hello.data["live"] is True
    assert abs(hello.data["now"] - world.now().timestamp() * 1000) < 5_000


def test_a_stream_requires_a_sign_in(doorbell: Doorbell) -> None:
    assert get(doorbell.url + "/stream") == 401


def test_a_signal_reaches_the_streams_of_its_tenant_and_no_other(
    world: World, open_stream: Open, redis_client: redis.Redis
) -> None:
    mine, theirs = world.tenant("mine"), world.tenant("theirs")
    stream, other = open_stream(world.user(mine)), open_stream(world.user(theirs))
    for opened in (stream, other):
        opened.until("hello")
    seq = publisher.publish(redis_client, mine, {"orders": [4, 5], "revenue": None}, at_ms=77)
    orders, revenue = stream.next(), stream.next()
    assert orders is not None
    assert revenue is not None
    common = {"seq": seq, "at": 77, "pace": pacing.pacing(0.0, viewers=1).page_ms}
    assert (orders.name, orders.data, orders.id) == ("orders", {**common, "ids": [4, 5]}, None)
    assert (revenue.name, revenue.data, revenue.id) == ("revenue", common, str(seq))
    publisher.publish(redis_client, theirs, {"placed": None})  # guard: the other gets its own
    assert other.names_until("placed") == ["placed"]


def test_the_inbox_topic_reaches_that_user_only(world: World, open_stream: Open, redis_client: redis.Redis) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    hers, his = open_stream(ana), open_stream(ben)
    for stream in (hers, his):
        stream.until("hello")
    publisher.publish(redis_client, tenant, {"orders": [1]}, {ana: ["inbox"]})
    assert hers.names_until("inbox") == ["orders", "inbox"]
    publisher.publish(redis_client, tenant, {"placed": None})
    assert his.names_until("placed") == ["orders", "placed"]


def test_a_reconnect_gets_exactly_the_topics_that_changed_since(
    world: World, open_stream: Open, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    user = world.user(tenant)
    stream = open_stream(user)
    publisher.publish(redis_client, tenant, {"orders": [1]})
    seen = stream.until("orders").id
    stream.close()
    publisher.publish(redis_client, tenant, {"orders": [2]})
    newest = publisher.publish(redis_client, tenant, {"orders": [3], "placed": None})
    again = open_stream(user, last_event_id=seen)
    hello, orders, placed = again.next(), again.next(), again.next()
    assert hello is not None
    assert orders is not None
    assert placed is not None
    assert (hello.name, hello.id) == ("hello", None), "with an id, a page that disconnects now would skip what follows"
    assert (orders.name, orders.data["ids"]) == ("orders", [2, 3])
    assert (placed.name, placed.id) == ("placed", str(newest))
    up_to_date = open_stream(user, last_event_id=str(newest))
    assert up_to_date.next().id == str(newest)  # type: ignore[union-attr]
    publisher.publish(redis_client, tenant, {"placed": None})
    assert up_to_date.names_until("placed") == ["placed"]


@pytest.mark.parametrize("last_event_id", ["123", "not a number", "9" * 40])
def test_a_page_that_was_disconnected_too_long_gets_a_resync(
    world: World, open_stream: Open, redis_client: redis.Redis, last_event_id: str
) -> None:
    tenant = world.tenant()
    user = world.user(tenant)
    newest = publisher.publish(redis_client, tenant, {"placed": None})
    stream = open_stream(user, last_event_id=last_event_id)
    assert stream.names_until("resync") == ["hello", "resync"]
    assert stream.last_id == str(newest), "so that the next reconnect resumes"
    publisher.publish(redis_client, tenant, {"day": None})
    again = open_stream(user, last_event_id=stream.last_id)
    assert again.names_until("day") == ["hello", "day"]


def test_no_signal_between_the_first_paint_and_the_stream_is_missed(
    world: World, open_stream: Open, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    user = world.user(tenant)
    painted_at = publisher.publish(redis_client, tenant, {"placed": None})
    publisher.publish(redis_client, tenant, {"revenue": None})
    assert open_stream(user, since=painted_at).names_until("revenue") == ["hello", "revenue"]


def test_a_process_subscribes_only_to_tenants_with_open_streams(
    world: World, open_stream: Open, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    stream = open_stream(world.user(tenant))
    stream.until("hello")
    channel = publisher.channel(tenant).encode()
    assert channel in redis_client.pubsub_channels("live:*")
    stream.close()
    publisher.publish(redis_client, tenant, {"placed": None})  # a generator detects disconnects when writing
    assert eventually(
        lambda: (
            redis_client.publish(publisher.channel(tenant), '{"seq":1,"topics":{"placed":null},"users":{},"at":1}') == 0
        )
    )


def test_open_streams_hold_no_database_connection(world: World, open_stream: Open) -> None:
    tenant = world.tenant()
    streams = [open_stream(world.user(tenant, f"User{n} Name")) for n in range(30)]
    for stream in streams:
        stream.until("hello")
    held = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doorbell web' AND state <> 'idle'"
    assert eventually(lambda: world.conn.execute(held).fetchone() == (0,))
    pool = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doorbell web' AND datname = current_database()"
    )
    row = world.conn.execute(pool).fetchone()
    assert row is not None
    assert row[0] <= 20, "thirty streams share the requests' pool"


def test_pages_poll_while_redis_is_away_and_resync_afterwards(
    world: World, open_stream: Open, embedded: Embedded, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    user = world.user(tenant)
    stream = open_stream(user)
    stream.until("hello")
    embedded.redis.stop()
    try:
        assert stream.until("away").data["why"] == "redis"
        meanwhile = open_stream(user)
        assert meanwhile.until("hello").data["live"] is False
        assert meanwhile.until("away").data["why"] == "redis"
    finally:
        embedded.redis.start()
    assert eventually(lambda: redis_client.set(publisher.HEARTBEAT_KEY, "{}"))
    assert stream.until("resync")
    assert meanwhile.until("resync")
    publisher.publish(redis_client, tenant, {"placed": None})
    assert stream.until("placed")


def test_pages_poll_while_the_heartbeat_is_missing(world: World, open_stream: Open, redis_client: redis.Redis) -> None:
    """The listener is dead, or Redis is full and rejects writes: in both cases "Live" would be wrong."""
    user = world.user(world.tenant())
    stream = open_stream(user)
    stream.until("hello")
    redis_client.delete(publisher.HEARTBEAT_KEY)
    away = stream.until("away")
    assert (away.data["why"], away.id) == ("listener", None)
    assert open_stream(user).until("hello").data["live"] is False
    redis_client.set(publisher.HEARTBEAT_KEY, "{}")
    assert stream.until("resync")


@pytest.mark.parametrize("message", ["hi", "[]", "{}", '{"seq":1,"topics":7,"users":{},"at":1}'])
def test_an_unreadable_message_makes_the_tenants_pages_resync(
    world: World, open_stream: Open, redis_client: redis.Redis, message: str
) -> None:
    tenant = world.tenant()
    stream = open_stream(world.user(tenant))
    stream.until("hello")
    redis_client.publish(publisher.channel(tenant), message)
    publisher.publish(redis_client, tenant, {"placed": None})
    assert stream.names_until("placed") == ["resync", "placed"]


def test_a_deploy_ends_the_streams_within_the_grace_time(world: World, open_stream: Open, doorbell: Doorbell) -> None:
    tenant = world.tenant()
    streams = [open_stream(world.user(tenant, f"User{n} Name")) for n in range(5)]
    for stream in streams:
        stream.until("hello")
    assert doorbell.web.stop(10) == 0
    assert all(stream.next() is None for stream in streams), "each stream ended in order"
    assert "graceful timeout" not in doorbell.web.log


@pytest.mark.parametrize("transport", ["socket", "generator"])
def test_a_stream_ends_with_its_life(world: World, service: Service, transport: str) -> None:
    doorbell = Doorbell(service, STREAM_MAX_SECONDS="1", STREAM_TRANSPORT=transport)
    doorbell.start_web()
    try:
        stream = EventStream(doorbell.url + "/stream", doorbell.cookie(world.user(world.tenant())))
        assert stream.until("hello")
        assert stream.next() is None
    finally:
        doorbell.close()
