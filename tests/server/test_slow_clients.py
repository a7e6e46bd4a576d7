"""Clients that send or read slowly, or not at all, cannot hold a web process's resources for ever."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from ..support.apps.hurried_web import BODY_SECONDS, SEND_SECONDS
from ..support.processes import Doorbell, get
from ..support.sse import EventStream
from ..support.wait import eventually
from ..support.world import Service, World

HEAD_SECONDS = 5.0  # gunicorn's `keepalive`, in gunicorn.conf.py
FORM = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    doorbell.web = doorbell.process(sys.executable, "-m", "tests.support.apps.hurried_web")
    doorbell.start_web()
    yield doorbell
    doorbell.close()


def connect(doorbell: Doorbell) -> socket.socket:
    return socket.create_connection(("127.0.0.1", doorbell.port), timeout=15)


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65_536), b""))


def held(doorbell: Doorbell, sock: socket.socket) -> bool:
    """Whether the web process still has the other end of this connection."""
    (worker,) = psutil.Process(doorbell.web.pid).children()
    port = sock.getsockname()[1]
    return any(conn.raddr and conn.raddr.port == port for conn in worker.net_connections("tcp"))


@pytest.mark.parametrize("framing", [b"Content-Length: 900\r\n\r\na=", b"Transfer-Encoding: chunked\r\n\r\n5\r\na="])
def test_a_body_that_never_arrives_is_answered_408(doorbell: Doorbell, framing: bytes) -> None:
    with connect(doorbell) as sock:
        began = time.monotonic()
        sock.sendall(FORM + framing)
        answer = read_all(sock)
    assert BODY_SECONDS <= time.monotonic() - began < BODY_SECONDS + 3
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"Connection: close" in answer
    assert b"did not arrive completely" in answer
    assert "Traceback" not in doorbell.web.log


def test_a_body_that_trickles_is_answered_408(doorbell: Doorbell) -> None:
    with connect(doorbell) as sock:
        began = time.monotonic()
        sock.sendall(FORM + b"Content-Length: 900\r\n\r\n")
        sock.settimeout(0.1)
        answer = b""
        while not answer:
            assert time.monotonic() - began < BODY_SECONDS + 3
            with contextlib.suppress(ConnectionError):  # the server may have answered and closed meanwhile
                sock.sendall(b"a")
            try:
                answer = sock.recv(100)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_slow_body_that_arrives_in_time_is_read(doorbell: Doorbell) -> None:
    with connect(doorbell) as sock:
        sock.sendall(FORM + b"Connection: close\r\nContent-Length: 10\r\n\r\nemail")
        sock.settimeout(BODY_SECONDS / 4)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(15)
        sock.sendall(b"=abcd")
        answer = read_all(sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"no longer valid" in answer, "the form was read, and has no CSRF token"


def test_a_head_that_never_ends_closes_the_connection(doorbell: Doorbell) -> None:
    with connect(doorbell) as sock:
        began = time.monotonic()
        sock.sendall(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX: ")
        assert read_all(sock) == b""
    assert time.monotonic() - began < HEAD_SECONDS + 3


@pytest.mark.parametrize("path", [b"/healthz", b"/sign-in", b"/none"])
def test_an_endless_unread_body_closes_the_connection(doorbell: Doorbell, path: bytes) -> None:
    with connect(doorbell) as sock:
        sock.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" % path)
        with pytest.raises(ConnectionError):
            sock.sendall(b"a" * 100_000_000)
    assert get(doorbell.url + "/healthz") == 200
    assert "Traceback" not in doorbell.web.log


def test_a_form_that_is_too_large_is_answered_while_it_is_still_sent(doorbell: Doorbell) -> None:
    body = b"email=" + b"x" * 900_000
    for more in (b"", b"Connection: close\r\n"):
        with connect(doorbell) as sock:
            sock.sendall(FORM + more + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert sock.recv(100).startswith(b"HTTP/1.1 413 ")


def test_an_unread_body_is_discarded_before_the_next_request(doorbell: Doorbell) -> None:
    with connect(doorbell) as sock:
        one = b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"a" * 200_000
        sock.sendall(one + b"GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = read_all(sock)
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 404 " in answers


def test_a_response_that_is_never_read_closes_the_connection(doorbell: Doorbell) -> None:
    path, requests = b"/static/vendor/tabler.min.css", 40
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        sock.settimeout(SEND_SECONDS + 10)
        sock.connect(("127.0.0.1", doorbell.port))
        sock.sendall(b"".join(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path for _ in range(requests)))
        assert eventually(lambda: not held(doorbell, sock), SEND_SECONDS + 10)
        try:
            got = len(read_all(sock))
        except ConnectionResetError:
            got = 0
    assert got < 8_000_000, "only what the kernel had buffered of the 25 MB"
    assert "Traceback" not in doorbell.web.log


def test_a_stream_outlives_these_deadlines(doorbell: Doorbell, world: World) -> None:
    cookie = doorbell.cookie(world.user(world.tenant()))
    stream = EventStream(f"{doorbell.url}/stream", cookie)
    began = time.monotonic()
    while time.monotonic() - began < max(HEAD_SECONDS, BODY_SECONDS, SEND_SECONDS) + 1:
        assert stream.next()
    stream.close()
