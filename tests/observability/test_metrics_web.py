"""Metrics of the web process: one answer for all gunicorn workers, and the token that it needs."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from webapp.launcher.embedded import Embedded
from webapp.signals import publisher

from ..support.metrics import Scrape, scrape
from ..support.processes import Doorbell, get
from ..support.sse import EventStream
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")

TOKEN = "a-token-for-the-tests"
WORKERS = 2
REQUESTS = "doorbell_http_requests_total"


@pytest.fixture
def doorbell(service: Service, tmp_path: Path) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    doorbell.web.env |= {"METRICS_TOKEN": TOKEN, "TMPDIR": str(tmp_path), "WEB_CONCURRENCY": str(WORKERS)}
    # All streams here belong to one user, and one worker may get most of them.
    doorbell.web.env["STREAMS_PER_USER"] = "200"
    yield doorbell
    doorbell.close()


def look(doorbell: Doorbell) -> Scrape:
    return scrape(doorbell.url + "/metrics", TOKEN)


def workers(doorbell: Doorbell) -> list[psutil.Process]:
    return psutil.Process(doorbell.web.pid).children()


def held(worker: psutil.Process, port: int) -> int:
    """The number of open connections of a worker."""
    return sum(c.status == "ESTABLISHED" and c.laddr.port == port for c in worker.net_connections("tcp"))


def test_any_worker_answers_for_all(doorbell: Doorbell) -> None:
    doorbell.start_web()
    # Not /healthz: a slow start may still answer one of its probes.
    for _ in range(40):
        assert get(doorbell.url + "/sign-in") == 200
    # Ten scrapes, so that both workers answer.
    for _ in range(10):
        now = look(doorbell)
        assert now.value(REQUESTS, endpoint="auth.sign_in", method="GET", status="2xx") == 40
        assert now.total("doorbell_http_request_seconds_count", endpoint="auth.sign_in") == 40

    def counting() -> set[str]:
        return {path.stem.rpartition("_")[2] for path in _files(doorbell) if path.name.startswith("counter")}

    assert eventually(lambda: len(counting()) == 2), "the other worker may still be starting"


def _files(doorbell: Doorbell) -> list[Path]:
    return list(Path(doorbell.web.env["TMPDIR"]).glob("doorbell-metrics-*/*.db"))


def test_open_streams_of_all_workers_add_up_without_those_of_a_killed_worker(doorbell: Doorbell, world: World) -> None:
    doorbell.start_web()
    cookie = doorbell.cookie(world.user(world.tenant()))
    streams: list[EventStream] = []
    while len(streams) < 4 or not all(held(worker, doorbell.port) for worker in workers(doorbell)):
        streams.append(EventStream(doorbell.url + "/stream", cookie))
        streams[-1].until("hello")
        assert len(streams) < 200, "one worker got all of them"
    before = look(doorbell)
    assert before.total("doorbell_streams_open") == len(streams)
    assert before.value(REQUESTS, endpoint="stream.stream", method="GET", status="2xx") == len(streams)
    assert before.total("doorbell_http_request_seconds_count", endpoint="stream.stream") == 0, "streams are not timed"
    victim = workers(doorbell)[0]
    lost = held(victim, doorbell.port)
    os.kill(victim.pid, signal.SIGKILL)
    assert eventually(lambda: look(doorbell).total("doorbell_streams_open") == len(streams) - lost)
    assert eventually(lambda: len(workers(doorbell)) == 2 and victim.pid not in {w.pid for w in workers(doorbell)})
    after = eventually(lambda: look(doorbell))
    assert after.total("doorbell_streams_open") == len(streams) - lost
    assert after.value(REQUESTS, endpoint="stream.stream", method="GET", status="2xx") == len(streams), (
        "counters of a dead worker stay counted"
    )
    again = EventStream(doorbell.url + "/stream", cookie)
    again.until("hello")
    assert look(doorbell).total("doorbell_streams_open") == len(streams) - lost + 1
    for stream in [*streams, again]:
        with contextlib.suppress(OSError):
            stream.close()


def test_metric_files_exist_only_while_a_server_with_a_token_runs(doorbell: Doorbell, tmp_path: Path) -> None:
    doorbell.web.env |= {"WEB_CONCURRENCY": "1"}
    doorbell.start_web()
    assert look(doorbell).total(REQUESTS, endpoint="health.healthz") > 0
    assert len(_files(doorbell)) > 0
    assert doorbell.web.stop() == 0
    assert list(tmp_path.glob("doorbell-metrics-*")) == []
    del doorbell.web.env["METRICS_TOKEN"]
    doorbell.start_web()
    assert get(doorbell.url + "/metrics") == 404
    assert list(tmp_path.glob("doorbell-metrics-*")) == []


def test_a_signal_is_counted_once_and_its_deliveries_per_stream(
    doorbell: Doorbell, world: World, redis_client: redis.Redis
) -> None:
    doorbell.web.env["WEB_CONCURRENCY"] = "1"
    doorbell.start_web()
    tenant = world.tenant()
    streams = [EventStream(doorbell.url + "/stream", doorbell.cookie(world.user(tenant, f"U{n} N"))) for n in range(3)]
    for stream in streams:
        stream.until("hello")
    publisher.publish(redis_client, tenant, {"placed": None})
    for stream in streams:
        stream.until("placed")
    now = look(doorbell)
    assert (now.value("doorbell_hub_signals_total"), now.value("doorbell_hub_deliveries_total")) == (1, 3)
    for stream in streams:
        stream.close()

    def none_is_left() -> bool:
        publisher.publish(redis_client, tenant, {"placed": None})  # a hang-up shows on writing
        return look(doorbell).total("doorbell_streams_open") == 0

    assert eventually(none_is_left)


def test_streams_are_counted_by_the_size_of_their_tenant(
    doorbell: Doorbell, world: World, redis_client: redis.Redis
) -> None:
    doorbell.web.env |= {"WEB_CONCURRENCY": "1"}
    doorbell.start_web()
    large, small = world.tenant("large"), world.tenant("small")
    hers, his = doorbell.cookie(world.user(large, "Ana Silva")), doorbell.cookie(world.user(small, "Ben Okafor"))

    def opened(cookie: str, count: int) -> list[EventStream]:
        streams = [EventStream(doorbell.url + "/stream", cookie) for _ in range(count)]
        for stream in streams:
            stream.until("hello")
        return streams

    def counted() -> tuple[float, ...]:
        now = look(doorbell)
        classes = ("1-10", "11-100", "101-1000", "1001+")
        return tuple(now.value("doorbell_streams_open", tenant_class=name) for name in classes)

    assert counted() == (0, 0, 0, 0)
    few, many = opened(his, 3), opened(hers, 10)
    assert counted() == (13, 0, 0, 0)
    many += opened(hers, 1)
    assert counted() == (3, 11, 0, 0), "the eleventh stream moves all of them to the next class"
    many += opened(hers, 90)
    assert counted() == (3, 0, 101, 0)
    many.pop().close()
    assert eventually(lambda: counted() == (3, 100, 0, 0))
    for stream in many:
        stream.close()
    assert eventually(lambda: counted() == (3, 0, 0, 0))
    for stream in few:
        stream.close()
    assert eventually(lambda: counted() == (0, 0, 0, 0))


def test_outages_and_recoveries_of_the_hub_are_counted_by_cause(
    doorbell: Doorbell, world: World, redis_client: redis.Redis, embedded: Embedded
) -> None:
    """Each worker has a hub, also one without streams."""

    def are_down(count: int, cause: str) -> bool:
        return look(doorbell).value("doorbell_hub_down", cause=cause) == count

    doorbell.start_web()
    stream = EventStream(doorbell.url + "/stream", doorbell.cookie(world.user(world.tenant())))
    stream.until("hello")
    assert look(doorbell).total("doorbell_hub_down") == 0
    redis_client.delete(publisher.HEARTBEAT_KEY)
    stream.until("away")
    assert eventually(lambda: are_down(WORKERS, "listener"))
    redis_client.set(publisher.HEARTBEAT_KEY, "{}")
    stream.until("resync")
    assert eventually(lambda: are_down(0, "listener"))
    embedded.redis.stop()
    try:
        stream.until("away")
        assert eventually(lambda: are_down(WORKERS, "redis"))
    finally:
        embedded.redis.start()
    assert eventually(lambda: redis_client.set(publisher.HEARTBEAT_KEY, "{}"))
    stream.until("resync")
    assert eventually(lambda: are_down(0, "redis") and are_down(0, "listener"))

    def ended(cause: str) -> float | None:
        """The number of outages, as soon as each has its recovery: that is counted after the hub is up."""
        now = look(doorbell)
        outages = now.value("doorbell_hub_outages_total", cause=cause)
        return outages if now.value("doorbell_hub_recoveries_total", cause=cause) == outages else None

    # A restarted Redis has no heartbeat at first: a second outage of the listener.
    for cause, most in (("redis", 1), ("listener", 2)):
        outages = eventually(lambda cause=cause: ended(cause))
        assert outages is not None
        assert WORKERS <= outages <= WORKERS * most
    stream.close()
