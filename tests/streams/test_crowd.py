"""Signals to many streams of one tenant: the first at once, the rest of a burst folded, and nothing of it lost."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from webapp import create_app
from webapp.signals import publisher
from webapp.streams.generator_stream import GeneratorStream
from webapp.streams.jitter import CROWD_THRESHOLD
from webapp.streams.sse import Message

from ..conftest import config_for
from ..support.heartbeat import client  # noqa: F401 - a fixture
from ..support.metrics import scrape
from ..support.processes import Doorbell, eventually
from ..support.sse import Event, EventStream
from ..support.world import Service, World

TOKEN = "a-token-for-the-tests"
MANY = CROWD_THRESHOLD + 10
Start = Callable[..., Doorbell]
Open = Callable[..., EventStream]


@pytest.fixture(params=["socket", "generator"])
def start(request: pytest.FixtureRequest, service: Service) -> Iterator[Start]:
    """The web process, once with each way in which the bytes of its streams go out."""
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


def heard(stream: EventStream, newest: int) -> list[Event]:
    """The events up to the signal with that seq, without beats."""
    events: list[Event] = []
    while not events or events[-1].id != str(newest):
        event = stream.next()
        assert event is not None, f"ended before {newest}, after {events}"
        if event.name != "beat":
            events.append(event)
    return events


def folded(doorbell: Doorbell) -> float:
    return scrape(doorbell.url + "/metrics", TOKEN).value("doorbell_stream_coalesced_total")


def says_nothing(stream: EventStream) -> bool:
    """Nothing has come since it was last read to the end."""
    return not select.select([stream.response], [], [], 0)[0]


def test_of_a_burst_to_a_crowd_the_first_comes_at_once_and_the_rest_folded(
    start: Start, world: World, client: redis.Redis, open_stream: Open
) -> None:
    doorbell = start()
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    streams = [open_stream(doorbell, cookie) for _ in range(MANY)]
    first = publisher.publish(client, tenant, {"orders": [0]})
    for stream in streams:
        (event,) = heard(stream, first)
        assert event.data["ids"] == [0]
    for n in range(1, 31):
        time.sleep(0.01)  # the burst's pace
        newest = publisher.publish(client, tenant, {"orders": [n], ("placed", "revenue", "day")[n % 3]: None})
    for stream in streams:
        events = heard(stream, newest)
        ids = [int(event.id) for event in events if event.id]
        assert ids == sorted(set(ids))
        assert len(ids) <= 10, "0.3 s are three or four pauses"
        told = {order for event in events if event.name == "orders" for order in event.data["ids"]}
        assert told == set(range(1, 31))
        assert {event.name for event in events} == {"orders", "placed", "revenue", "day"}
    assert folded(doorbell) >= MANY * 20


def test_what_is_a_persons_own_does_not_wait_in_a_crowd(
    start: Start, world: World, client: redis.Redis, open_stream: Open
) -> None:
    doorbell = start("tests.support.apps.slow_crowd_web:app")
    tenant = world.tenant()
    ana = world.user(tenant, "Ana Silva")
    hers = [open_stream(doorbell, doorbell.cookie(ana)) for _ in range(2)]
    his = doorbell.cookie(world.user(tenant, "Ben Okafor"))
    others = [open_stream(doorbell, his) for _ in range(MANY)]
    first = publisher.publish(client, tenant, {"placed": None})
    for stream in hers + others:
        heard(stream, first)
    publisher.publish(client, tenant, {"orders": [1]})
    own = publisher.publish(client, tenant, {"orders": [2], "revenue": None}, {ana: ["inbox"]})
    for stream in hers:
        told = heard(stream, own)
        assert [event.name for event in told] == ["orders", "revenue", "inbox"]
        assert told[0].data["ids"] == [1, 2], "what waited comes along, so that nothing older comes after it"
    assert all(says_nothing(stream) for stream in others), "the guard: the crowd still waits"
    for stream in others:
        assert [event.name for event in heard(stream, own)] == ["orders", "revenue"]
    last = publisher.publish(client, tenant, {"day": None})
    for stream in hers:
        assert [event.name for event in heard(stream, last)] == ["day"], "nothing came twice"


def test_few_get_each_signal_by_itself(start: Start, world: World, client: redis.Redis, open_stream: Open) -> None:
    doorbell = start("tests.support.apps.slow_crowd_web:app")
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    streams = [open_stream(doorbell, cookie) for _ in range(10)]
    for n in range(20):
        seq = publisher.publish(client, tenant, {"orders": [n]})
        for stream in streams:
            (event,) = heard(stream, seq)
            assert event.data["ids"] == [n]
    assert folded(doorbell) == 0


def test_a_stream_that_opens_while_signals_wait_gets_them_once(
    start: Start, world: World, client: redis.Redis, open_stream: Open
) -> None:
    doorbell = start("tests.support.apps.slow_crowd_web:app")
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    streams = [open_stream(doorbell, cookie) for _ in range(MANY)]
    first = publisher.publish(client, tenant, {"placed": None})
    for stream in streams:
        heard(stream, first)
    waiting = publisher.publish(client, tenant, {"orders": [1]})
    eventually(lambda: scrape(doorbell.url + "/metrics", TOKEN).value("doorbell_hub_signals_total") == 2)
    late = open_stream(doorbell, cookie, last_event_id=str(first))
    assert [event.data["ids"] for event in heard(late, waiting)] == [[1]]
    assert says_nothing(streams[0]), "the guard: the crowd still waits"
    for stream in streams:
        heard(stream, waiting)
    last = publisher.publish(client, tenant, {"day": None})
    assert [event.name for event in heard(late, last)] == ["day"]


def crowd(service: Service, world: World) -> tuple[object, int, list[GeneratorStream]]:
    """A hub of this process with a crowd of one tenant."""
    hub = create_app(config_for(service, STREAMS_PER_USER="200")).extensions["doorbell_hub"]
    tenant = world.tenant()
    user = world.user(tenant)
    streams = [GeneratorStream(tenant, user) for _ in range(MANY)]
    for stream in streams:
        hub.open(stream, 0)
    return hub, tenant, streams


def topics(stream: GeneratorStream) -> list[str]:
    return [] if stream.dirty is None else list(stream.dirty.topics)


def test_what_waits_when_redis_is_lost_is_not_told_after_the_resync(
    service: Service, world: World, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.streams.tenant_streams.PAUSE_SECONDS", 2.0)
    hub, tenant, streams = crowd(service, world)
    audience = hub._audiences[tenant]  # type: ignore[attr-defined]
    publisher.publish(client, tenant, {"placed": None})
    assert eventually(lambda: all(topics(stream) == ["placed"] for stream in streams) and not audience._busy)
    publisher.publish(client, tenant, {"orders": [1]})
    assert eventually(lambda: audience._waits == 1)
    pubsub = hub._subscription.pubsub  # type: ignore[attr-defined]
    connection, pubsub.connection = pubsub.connection, None  # as a client does that reconnects under the hub's feet
    connection.disconnect()
    assert eventually(lambda: all(topics(stream) == ["resync"] and not stream.lost for stream in streams))
    assert eventually(lambda: not audience._busy)
    assert all(topics(stream) == ["resync"] for stream in streams)
    publisher.publish(client, tenant, {"day": None})
    assert eventually(lambda: all(topics(stream) == ["resync", "day"] for stream in streams))
    hub.close_all(0)  # type: ignore[attr-defined]


def test_a_fan_out_that_fails_makes_its_pages_resync_and_the_next_goes_out(
    service: Service, world: World, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, tenant, streams = crowd(service, world)
    deliver, failed = GeneratorStream.deliver, []

    def fail_once(stream: GeneratorStream, message: Message) -> None:
        if stream is streams[7] and not failed:
            failed.append(stream)
            raise RuntimeError("no stream is to fail, and this one does")
        deliver(stream, message)

    monkeypatch.setattr(GeneratorStream, "deliver", fail_once)
    publisher.publish(client, tenant, {"orders": [1]})
    assert eventually(lambda: all(topics(stream) == ["resync"] for stream in streams))
    publisher.publish(client, tenant, {"placed": None})
    assert eventually(lambda: all(topics(stream) == ["resync", "placed"] for stream in streams))
    hub.close_all(0)  # type: ignore[attr-defined]
