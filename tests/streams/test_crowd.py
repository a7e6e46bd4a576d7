"""Signals to many streams of one tenant: the first of a burst at once, the rest coalesced, and none lost."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from webapp import create_app
from webapp.panels.pacing import CROWD_THRESHOLD, MIN_FAN_OUT_SECONDS
from webapp.services import services
from webapp.signals import publisher
from webapp.streams.generator_stream import GeneratorStream
from webapp.streams.hub import Hub
from webapp.streams.sse import SignalFrames

from ..conftest import config_for
from ..support.metrics import scrape
from ..support.processes import Doorbell
from ..support.sse import Event, EventStream
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")

TOKEN = "a-token-for-the-tests"
MANY = CROWD_THRESHOLD + 10
Start = Callable[..., Doorbell]
Open = Callable[..., EventStream]


@pytest.fixture(params=["socket", "generator"])
def start(request: pytest.FixtureRequest, service: Service) -> Iterator[Start]:
    """The web process, once with each transport of its streams."""
    doorbell = Doorbell(service, STREAM_TRANSPORT=request.param, METRICS_TOKEN=TOKEN, STREAMS_PER_USER="200")

    def start(app: str = "wsgi:app") -> Doorbell:
        doorbell.web.args[-1] = app
        doorbell.start_web()
        return doorbell

    yield start
    doorbell.close()


@pytest.fixture
def open_stream() -> Iterator[Open]:
    opened: list[EventStream] = []

    def open_stream(doorbell: Doorbell, cookie: str, last_event_id: str | None = None) -> EventStream:
        stream = EventStream(doorbell.url + "/stream", cookie, last_event_id)
        opened.append(stream)
        stream.until("hello")
        return stream

    yield open_stream
    for stream in opened:
        stream.close()


def events_until(stream: EventStream, newest: int) -> list[Event]:
    """The events up to the signal with that seq, without pings."""
    events: list[Event] = []
    while not events or events[-1].id != str(newest):
        event = stream.next()
        assert event is not None, f"ended before {newest}, after {events}"
        if event.name != "ping":
            events.append(event)
    return events


def coalesced(doorbell: Doorbell) -> float:
    return scrape(doorbell.url + "/metrics", TOKEN).value("doorbell_stream_coalesced_total")


def is_silent(stream: EventStream) -> bool:
    """Whether nothing has arrived that was not read."""
    return not select.select([stream.response], [], [], 0)[0]


def test_the_first_signal_of_a_burst_reaches_a_crowd_at_once_and_the_rest_is_coalesced(
    start: Start, world: World, redis_client: redis.Redis, open_stream: Open
) -> None:
    doorbell = start()
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    streams = [open_stream(doorbell, cookie) for _ in range(MANY)]
    first = publisher.publish(redis_client, tenant, {"orders": [0]})
    for stream in streams:
        (event,) = events_until(stream, first)
        assert event.data["ids"] == [0]
    began = time.monotonic()
    for n in range(1, 31):
        time.sleep(0.01)  # pace of the burst
        newest = publisher.publish(redis_client, tenant, {"orders": [n], ("placed", "revenue", "day")[n % 3]: None})
    # A burst takes 0.3 s, which are three or four pauses; on a busy machine it is longer.
    most = max(10, (time.monotonic() - began) / MIN_FAN_OUT_SECONDS + 2)
    for stream in streams:
        events = events_until(stream, newest)
        ids = [int(event.id) for event in events if event.id]
        assert ids == sorted(set(ids))
        assert len(ids) <= most, "one per pause"
        named = {order for event in events if event.name == "orders" for order in event.data["ids"]}
        assert named == set(range(1, 31))
        assert {event.name for event in events} == {"orders", "placed", "revenue", "day"}
    assert coalesced(doorbell) >= MANY * (30 - most)


def test_personal_signals_do_not_wait_in_a_crowd(
    start: Start, world: World, redis_client: redis.Redis, open_stream: Open
) -> None:
    doorbell = start("tests.support.apps.slow_crowd_web:app")
    tenant = world.tenant()
    ana = world.user(tenant, "Ana Silva")
    hers = [open_stream(doorbell, doorbell.cookie(ana)) for _ in range(2)]
    his = doorbell.cookie(world.user(tenant, "Ben Okafor"))
    others = [open_stream(doorbell, his) for _ in range(MANY)]
    first = publisher.publish(redis_client, tenant, {"placed": None})
    for stream in hers + others:
        events_until(stream, first)
    publisher.publish(redis_client, tenant, {"orders": [1]})
    own = publisher.publish(redis_client, tenant, {"orders": [2], "revenue": None}, {ana: ["inbox"]})
    for stream in hers:
        events = events_until(stream, own)
        assert [event.name for event in events] == ["orders", "revenue", "inbox"]
        assert events[0].data["ids"] == [1, 2], "pending signals are included, so that no older one follows"
    assert all(is_silent(stream) for stream in others), "guard: the crowd still waits"
    for stream in others:
        assert [event.name for event in events_until(stream, own)] == ["orders", "revenue"]
    last = publisher.publish(redis_client, tenant, {"day": None})
    for stream in hers:
        assert [event.name for event in events_until(stream, last)] == ["day"], "nothing was sent twice"


def test_few_streams_get_each_signal_separately(
    start: Start, world: World, redis_client: redis.Redis, open_stream: Open
) -> None:
    doorbell = start("tests.support.apps.slow_crowd_web:app")
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    streams = [open_stream(doorbell, cookie) for _ in range(10)]
    for n in range(20):
        seq = publisher.publish(redis_client, tenant, {"orders": [n]})
        for stream in streams:
            (event,) = events_until(stream, seq)
            assert event.data["ids"] == [n]
    assert coalesced(doorbell) == 0


def test_a_stream_that_opens_while_signals_are_pending_gets_them_once(
    start: Start, world: World, redis_client: redis.Redis, open_stream: Open
) -> None:
    doorbell = start("tests.support.apps.slow_crowd_web:app")
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    streams = [open_stream(doorbell, cookie) for _ in range(MANY)]
    first = publisher.publish(redis_client, tenant, {"placed": None})
    for stream in streams:
        events_until(stream, first)
    pending = publisher.publish(redis_client, tenant, {"orders": [1]})
    eventually(lambda: scrape(doorbell.url + "/metrics", TOKEN).value("doorbell_hub_signals_total") == 2)
    late = open_stream(doorbell, cookie, last_event_id=str(first))
    assert [event.data["ids"] for event in events_until(late, pending)] == [[1]]
    assert is_silent(streams[0]), "guard: the crowd still waits"
    for stream in streams:
        events_until(stream, pending)
    last = publisher.publish(redis_client, tenant, {"day": None})
    assert [event.name for event in events_until(late, last)] == ["day"]


def has_pending_fan_out() -> bool:
    """Whether signals wait for the next fan-out to a crowd."""
    return any(thread.name == "fan-out" for thread in threading.enumerate())


def crowd(service: Service, world: World) -> tuple[Hub, int, list[GeneratorStream]]:
    """A hub in this process with a crowd of one tenant's streams."""
    hub = services(create_app(config_for(service, STREAMS_PER_USER="200"))).hub
    tenant = world.tenant()
    user = world.user(tenant)
    streams = [GeneratorStream(tenant, user) for _ in range(MANY)]
    for stream in streams:
        hub.open(stream, 0)
    return hub, tenant, streams


def pending_topics(stream: GeneratorStream) -> list[str]:
    return [] if stream.pending is None else stream.pending.names


def test_signals_pending_when_redis_is_lost_are_not_sent_after_the_resync(
    service: Service, world: World, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("MIN_FAN_OUT_SECONDS", "MAX_FAN_OUT_SECONDS"):
        monkeypatch.setattr(f"webapp.panels.pacing.{bound}", 2.0)
    hub, tenant, streams = crowd(service, world)
    publisher.publish(redis_client, tenant, {"placed": None})
    assert eventually(lambda: all(pending_topics(stream) == ["placed"] for stream in streams))
    publisher.publish(redis_client, tenant, {"orders": [1]})
    eventually(has_pending_fan_out)
    redis_client.client_kill_filter(_type="pubsub")
    assert eventually(
        lambda: all(pending_topics(stream) == ["resync"] and not stream.disconnected for stream in streams)
    )
    eventually(lambda: not has_pending_fan_out())
    assert all(pending_topics(stream) == ["resync"] for stream in streams)
    publisher.publish(redis_client, tenant, {"day": None})
    assert eventually(lambda: all(pending_topics(stream) == ["resync", "day"] for stream in streams))
    hub.close_all(0)


def test_a_failed_fan_out_makes_its_pages_resync_and_the_next_one_works(
    service: Service, world: World, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, tenant, streams = crowd(service, world)
    deliver = GeneratorStream.deliver
    failed: list[GeneratorStream] = []

    def fail_once(stream: GeneratorStream, message: SignalFrames) -> None:
        if stream is streams[7] and not failed:
            failed.append(stream)
            raise RuntimeError("a stream that fails once")
        deliver(stream, message)

    monkeypatch.setattr(GeneratorStream, "deliver", fail_once)
    publisher.publish(redis_client, tenant, {"orders": [1]})
    assert eventually(lambda: all(pending_topics(stream) == ["resync"] for stream in streams))
    publisher.publish(redis_client, tenant, {"placed": None})
    assert eventually(lambda: all(pending_topics(stream) == ["resync", "placed"] for stream in streams))
    hub.close_all(0)
