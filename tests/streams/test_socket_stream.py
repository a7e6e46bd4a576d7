"""Streams written straight to their sockets: slow, stuck and disconnected readers, shutdown, and the cost of a stream."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from webapp.server.open_files import raise_limit
from webapp.signals import publisher

from ..support.metrics import Scrape, scrape
from ..support.processes import Doorbell
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")

TOKEN = "a-token-for-the-tests"
MANY = list(range(10**15, 10**15 + 50))  # for a signal of maximum size
BOTH_TRANSPORTS = pytest.mark.parametrize("transport", ["socket", "generator"])
Start = Callable[..., Doorbell]


@pytest.fixture
def start(service: Service) -> Iterator[Start]:
    started: list[Doorbell] = []

    def start(*args: str, app: str = "wsgi:app", **env: str) -> Doorbell:
        doorbell = Doorbell(service, METRICS_TOKEN=TOKEN, **env)
        started.append(doorbell)
        doorbell.web.args = [*doorbell.web.args[:-1], *args, app]
        doorbell.start_web()
        return doorbell

    yield start
    for doorbell in started:
        doorbell.close()


class Raw:
    """A stream's raw socket, with the smallest receive buffer that the system allows; reads only on demand."""

    def __init__(self, doorbell: Doorbell, cookie: str, receive: int = 2048) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", doorbell.port))
        self.socket.sendall(f"GET /stream HTTP/1.1\r\nHost: board\r\nCookie: {cookie}\r\n\r\n".encode())
        self.received = b""

    def read_until(self, text: bytes) -> bytes:
        while text not in self.received:
            part = self.socket.recv(1000)
            assert part, f"ended before {text!r}, after {self.received[-300:]!r}"
            self.received += part
        return self.received

    def read_to_the_end(self) -> bytes:
        while part := self.socket.recv(65536):
            self.received += part
        return self.received

    def close(self) -> None:
        self.socket.close()


def opened(doorbell: Doorbell, world: World, count: int = 1) -> tuple[int, list[Raw]]:
    """A new tenant and `count` streams of one of its users, after their greeting."""
    tenant = world.tenant(f"t{time.monotonic_ns()}")
    cookie = doorbell.cookie(world.user(tenant))
    streams = [Raw(doorbell, cookie) for _ in range(count)]
    for stream in streams:
        stream.read_until(b"event: hello")
        stream.read_until(b"\n\n")
    return tenant, streams


def metrics(doorbell: Doorbell) -> Scrape:
    return scrape(doorbell.url + "/metrics", TOKEN)


def worker(doorbell: Doorbell) -> psutil.Process:
    return psutil.Process(doorbell.web.pid).children()[0]


def events(received: bytes) -> list[tuple[str, dict[str, int], int | None]]:
    """The events of the body. Fails when one is not complete."""
    body = received.partition(b"\r\n\r\n")[2].decode()
    assert body.endswith("\n\n"), body[-200:]
    found = []
    for block in body.removesuffix("\n\n").split("\n\n"):
        whole = re.fullmatch(r"event: (\w+)\n(?:retry: \d+\n)?(?:id: (\d+)\n)?data: (.*)", block)
        assert whole, block
        found.append((whole[1], json.loads(whole[3]), int(whole[2]) if whole[2] else None))
    return found


def test_the_hijacked_connection_is_not_chunked_and_closes_with_the_stream(
    start: Start, world: World, redis_client: redis.Redis
) -> None:
    doorbell = start()
    tenant, (stream,) = opened(doorbell, world)
    head = stream.received.partition(b"\r\n\r\n")[0].lower()
    assert b"connection: close" in head
    assert b"transfer-encoding" not in head
    assert b"content-length" not in head
    publisher.publish(redis_client, tenant, {"placed": None})
    stream.read_until(b"event: placed")


def test_a_unix_socket_serves_streams_too(
    service: Service, world: World, redis_client: redis.Redis, tmp_path: Path
) -> None:
    doorbell = Doorbell(service, BIND=f"unix:{tmp_path}/web.sock")
    doorbell.web.start()
    try:
        user = world.user(tenant := world.tenant())
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(10)
            eventually(lambda: stream.connect_ex(f"{tmp_path}/web.sock") == 0)
            stream.sendall(f"GET /stream HTTP/1.1\r\nHost: b\r\nCookie: {doorbell.cookie(user)}\r\n\r\n".encode())
            got = b""
            while b"event: hello" not in got:
                got += stream.recv(4096)
            assert b"Connection: close" in got
            publisher.publish(redis_client, tenant, {"placed": None})
            while b"event: placed" not in got:
                got += stream.recv(4096)
    finally:
        doorbell.close()


def fill(client: redis.Redis, doorbell: Doorbell, tenant: int) -> int:
    """Publish until an unread stream is slow and some signals were coalesced. Returns the newest seq."""
    for _ in range(2000):
        newest = publisher.publish(client, tenant, {"orders": MANY, "placed": None, "revenue": None})
        if newest % 10 == 0 and metrics(doorbell).value("doorbell_stream_coalesced_total") > 20:
            return newest
    raise AssertionError("the socket accepted every signal")


def test_a_slow_reader_gets_complete_events_in_order_and_the_latest_state(
    start: Start, world: World, redis_client: redis.Redis
) -> None:
    doorbell = start()
    tenant, (stream,) = opened(doorbell, world)
    fill(redis_client, doorbell, tenant)
    before = metrics(doorbell)
    assert before.value("doorbell_streams_slow") == 1
    for n in range(300):
        newest = publisher.publish(redis_client, tenant, {"orders": [n], "revenue": None})
        stream.received += stream.socket.recv(200)
    last = publisher.publish(redis_client, tenant, {"day": None})
    stream.read_until(b"event: day")
    stream.read_until(f'"seq":{last}'.encode())
    while not stream.received.endswith(b"\n\n"):
        stream.received += stream.socket.recv(1000)
    found = events(stream.received)
    seqs = [data["seq"] for name, data, _id in found if name not in ("hello", "ping")]
    ids = [event_id for _name, _data, event_id in found if event_id is not None]
    assert seqs == sorted(seqs), "no older one after a newer one"
    assert ids == sorted(set(ids))
    assert ids[-1] == last > newest
    coalesced = metrics(doorbell).value("doorbell_stream_coalesced_total") - before.value(
        "doorbell_stream_coalesced_total"
    )
    assert coalesced > 10, "guard: some were coalesced while it read"
    assert {"orders", "placed", "revenue", "day"} <= {name for name, _data, _id in found}
    assert eventually(lambda: metrics(doorbell).value("doorbell_streams_slow") == 0)
    publisher.publish(redis_client, tenant, {"rollups": None})
    stream.read_until(b"event: rollups")


def test_a_stuck_reader_is_closed_and_the_others_stay(start: Start, world: World, redis_client: redis.Redis) -> None:
    doorbell = start(app="tests.support.apps.watched_web:app")
    tenant, (stuck, reading) = opened(doorbell, world, 2)
    reading.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
    for _ in range(400):
        publisher.publish(redis_client, tenant, {"orders": MANY, "placed": None})
        reading.read_until(b"event: placed")
        reading.received = reading.received.rpartition(b"event: placed")[2]
    assert eventually(lambda: metrics(doorbell).value("doorbell_stream_drops_total", cause="stuck") == 1)
    now = metrics(doorbell)
    assert (now.total("doorbell_streams_open"), now.value("doorbell_streams_slow")) == (1, 0)
    publisher.publish(redis_client, tenant, {"day": None})
    reading.read_until(b"event: day")
    stuck.close()


@pytest.mark.parametrize("leave", ["close", "reset", "half"])
def test_a_disconnect_frees_the_stream_within_a_second(
    start: Start, world: World, redis_client: redis.Redis, leave: str
) -> None:
    doorbell = start()
    before = worker(doorbell).num_fds()
    _tenant, (stream,) = opened(doorbell, world)
    assert metrics(doorbell).total("doorbell_streams_open") == 1
    if leave == "reset":
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream.socket.shutdown(socket.SHUT_WR) if leave == "half" else stream.close()
    assert eventually(lambda: metrics(doorbell).total("doorbell_streams_open") == 0, seconds=1)
    assert metrics(doorbell).value("doorbell_stream_drops_total", cause="hangup") == 1
    assert eventually(lambda: worker(doorbell).num_fds() <= before + 4), "pooled connections to PostgreSQL and Redis"
    assert redis_client.pubsub_channels("live:[1-9]*") == []
    stream.close()


def test_shutdown_finishes_a_partly_written_frame(start: Start, world: World, redis_client: redis.Redis) -> None:
    doorbell = start()
    tenant, (slow, reading) = opened(doorbell, world, 2)
    reading.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
    fill(redis_client, doorbell, tenant)
    doorbell.web.send(signal.SIGTERM)
    events(slow.read_to_the_end())  # each must be complete
    assert doorbell.web.wait(10) == 0
    events(reading.read_to_the_end())
    assert "Traceback" not in doorbell.web.log


def test_shutdown_does_not_wait_for_a_stuck_reader(start: Start, world: World, redis_client: redis.Redis) -> None:
    doorbell = start()
    tenant, (stuck,) = opened(doorbell, world)
    fill(redis_client, doorbell, tenant)
    assert doorbell.web.stop(10) == 0
    assert "Traceback" not in doorbell.web.log
    stuck.close()


def test_a_worker_that_reaches_max_requests_ends_its_streams_properly(
    start: Start, world: World, redis_client: redis.Redis
) -> None:
    doorbell = start("--max-requests", "30")
    _tenant, streams = opened(doorbell, world, 5)
    first = worker(doorbell).pid

    def replaced() -> bool:
        metrics(doorbell)
        children = psutil.Process(doorbell.web.pid).children()
        return bool(children) and children[0].pid != first

    assert eventually(replaced)
    for stream in streams:
        events(stream.read_to_the_end())
    assert metrics(doorbell).value("doorbell_stream_drops_total", cause="stop") == 5


def test_streams_use_no_worker_connection_and_are_in_the_access_log(
    start: Start, world: World, redis_client: redis.Redis
) -> None:
    doorbell = start("--worker-connections", "4", "--access-logfile", "-")
    tenant, streams = opened(doorbell, world, 12)
    assert metrics(doorbell).total("doorbell_streams_open") == 12
    assert eventually(lambda: doorbell.web.log.count('"GET /stream HTTP/1.1" 200') == 12)
    publisher.publish(redis_client, tenant, {"placed": None})
    for stream in streams:
        stream.read_until(b"event: placed")


@BOTH_TRANSPORTS
@pytest.mark.parametrize(("setting", "why"), [("STREAMS_PER_USER", "user"), ("STREAMS_PER_PROCESS", "process")])
def test_a_refused_stream_gets_a_full_event_in_band(
    start: Start, world: World, redis_client: redis.Redis, transport: str, setting: str, why: str
) -> None:
    doorbell = start(STREAM_TRANSPORT=transport, **{setting: "2"})
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    admitted = [Raw(doorbell, cookie), Raw(doorbell, cookie)]
    for stream in admitted:
        stream.read_until(b"event: hello")
    late = Raw(doorbell, cookie)
    late.read_until(b"event: full")
    got = late.read_until(b"\n\n")
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(got.rpartition(b"data: ")[2]) == {"why": why}
    retry = re.search(rb"retry: (\d+)", got)
    assert retry
    assert int(retry[1]) >= 30_000
    assert metrics(doorbell).value("doorbell_stream_drops_total", cause="full") == 1
    admitted[0].close()
    publisher.publish(redis_client, tenant, {"placed": None})  # a generator detects disconnects when writing
    publisher.publish(redis_client, tenant, {"placed": None})

    def has_capacity() -> bool:
        publisher.publish(redis_client, tenant, {"placed": None})
        return metrics(doorbell).total("doorbell_streams_open") == 1

    assert eventually(has_capacity)
    Raw(doorbell, cookie).read_until(b"event: hello")


@BOTH_TRANSPORTS
def test_a_resume_is_replayed_from_memory_or_else_from_the_log(
    start: Start, world: World, redis_client: redis.Redis, transport: str
) -> None:
    doorbell = start(STREAM_TRANSPORT=transport)
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))

    def resumed(since: int | None) -> Raw:
        stream = Raw(doorbell, f"{cookie}\r\nLast-Event-ID: {since}" if since is not None else cookie)
        stream.read_until(b"event: hello")
        return stream

    old = publisher.publish(redis_client, tenant, {"day": None})
    first = publisher.publish(redis_client, tenant, {"placed": None})
    kept = resumed(None)
    publisher.publish(redis_client, tenant, {"revenue": None})
    kept.read_until(b"event: revenue")
    redis_client.delete(publisher.log_key(tenant))  # guard: memory needs no log
    redis_client.xadd(publisher.log_key(tenant), {"signal": "not read"}, id="1-0")
    assert b"event: placed" not in resumed(first).read_until(b"event: revenue")
    redis_client.delete(publisher.log_key(tenant))
    publisher.publish(redis_client, tenant, {"day": None}, now_ms=old - 5)
    newest = publisher.publish(redis_client, tenant, {"rollups": None}, now_ms=old - 1)
    kept.read_until(b"event: resync")  # the seq fell: invalid buffer
    resumed(old - 5).read_until(b"event: rollups")
    resumed(old - 9).read_until(b"event: resync")
    assert newest < first
    now = metrics(doorbell)
    kinds = {
        kind: now.value("doorbell_stream_resumes_total", kind=kind) for kind in ("fresh", "memory", "log", "resync")
    }
    assert kinds == {"fresh": 0, "memory": 1, "log": 1, "resync": 2}, "a page without a seq gets a resync"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_with_tls_at_gunicorn_a_stream_uses_the_generator(
    service: Service, world: World, redis_client: redis.Redis, tmp_path: Path
) -> None:
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -keyout key.pem -out cert.pem"
    subprocess.run(make.split(), cwd=tmp_path, check=True, capture_output=True)
    doorbell = Doorbell(service)
    files = ("--certfile", str(tmp_path / "cert.pem"), "--keyfile", str(tmp_path / "key.pem"))
    doorbell.web.args = [*doorbell.web.args[:-1], *files, "wsgi:app"]
    doorbell.web.start()
    try:
        tenant = world.tenant()
        cookie = doorbell.cookie(world.user(tenant))
        plain = eventually(lambda: socket.create_connection(("127.0.0.1", doorbell.port), 10))
        with ssl._create_unverified_context().wrap_socket(plain) as stream:  # noqa: S323 - a self-signed certificate
            stream.sendall(f"GET /stream HTTP/1.1\r\nHost: b\r\nCookie: {cookie}\r\n\r\n".encode())
            got = b""
            while b"event: hello" not in got:
                got += stream.recv(4096)
            assert b"Transfer-Encoding: chunked" in got
            publisher.publish(redis_client, tenant, {"placed": None})
            while b"event: placed" not in got:
                got += stream.recv(4096)
    finally:
        doorbell.close()


def test_head_opens_no_stream(start: Start, world: World) -> None:
    doorbell = start()
    cookie = doorbell.cookie(world.user(world.tenant()))
    with socket.create_connection(("127.0.0.1", doorbell.port), 10) as asking:
        asking.sendall(f"HEAD /stream HTTP/1.1\r\nHost: b\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n".encode())
        got = b""
        while part := asking.recv(4096):
            got += part
    assert got.startswith(b"HTTP/1.1 200")
    assert metrics(doorbell).total("doorbell_streams_open") == 0


def test_two_thousand_streams_cost_neither_greenlets_nor_much_memory(start: Start, world: World) -> None:
    raise_limit()  # this process has the other ends
    doorbell = start(app="tests.support.apps.watched_web:app", STREAMS_PER_USER="3000")
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    process = worker(doorbell)

    def more(count: int) -> list[Raw]:
        streams = [Raw(doorbell, cookie) for _ in range(count)]
        for stream in streams:
            stream.read_until(b"\n\n")
        return streams

    def greenlets() -> int:
        asked = urllib.request.Request(doorbell.url + "/greenlets", headers={"Cookie": cookie})  # noqa: S310
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
            return int(answer.read())

    streams = more(200)  # fills pools and caches
    before, greenlets_before = process.memory_info().rss, greenlets()
    for _ in range(20):
        streams += more(100)
    assert metrics(doorbell).value("doorbell_streams_open", tenant_class="1001+") == 2200
    each = (process.memory_info().rss - before) / 2000
    assert each < 12_000, f"{each:.0f} bytes per stream"
    assert greenlets() <= greenlets_before + 5
    for stream in streams:
        stream.close()
    assert eventually(lambda: metrics(doorbell).total("doorbell_streams_open") == 0)
