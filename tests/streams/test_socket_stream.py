"""Streams written straight to their sockets: what the server sees of them, refusals, resumes, TLS, and their cost."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import urllib.request
from pathlib import Path

import psutil
import pytest
import redis

from webapp.server.open_files import raise_limit
from webapp.signals import publisher

from ..support.processes import Doorbell
from ..support.raw_stream import Raw, Start, events, metrics, opened, worker
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")

MANY = list(range(10**15, 10**15 + 50))  # for a signal of maximum size
BOTH_TRANSPORTS = pytest.mark.parametrize("transport", ["socket", "generator"])


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
@pytest.mark.parametrize(
    ("setting", "why"),
    [("STREAMS_PER_USER", "user"), ("STREAMS_PER_TENANT", "tenant"), ("STREAMS_PER_PROCESS", "process")],
)
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
    kept.received = b""
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
        plain = eventually(lambda: socket.create_connection(("127.0.0.1", doorbell.port), 60))
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
