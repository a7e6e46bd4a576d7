"""Malformed requests end no web process, cause no internal error and do not fill the log."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from ..support.malformed import METRICS_TOKEN, Person, requests
from ..support.processes import Doorbell, get
from ..support.world import Service, World

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
UNKNOWN_TRANSFER_CODING = b"501"  # gunicorn's own answer
SHORT_LINE = 600  # characters


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service, METRICS_TOKEN=METRICS_TOKEN.decode(), LOG_FORMAT="logfmt", TRUSTED_PROXIES="1")
    yield doorbell
    doorbell.close()


def test_a_thousand_malformed_requests_are_answered_without_an_internal_error(doorbell: Doorbell, world: World) -> None:
    tenant = world.tenant()
    user = world.user(tenant)
    world.order(tenant, number="7", owner_id=user)
    doorbell.start_web()
    (worker,) = psutil.Process(doorbell.web.pid).children()
    sent = list(requests([Person(), signed_in(doorbell, user)], doorbell.port))
    assert len(sent) >= 1_000
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda data: status(doorbell.port, data), sent))
    faults = [(answer, data[:300]) for answer, data in zip(answers, sent, strict=True) if answer[:1] == b"5"]
    assert [fault for fault in faults if fault[0] != UNKNOWN_TRANSFER_CODING] == []
    assert len(faults) < 20
    assert answers.count(b"silence") == 0
    assert answers.count(b"200") > 100
    assert answers.count(b"400") > 100
    log = doorbell.web.log
    assert "Traceback" not in log
    assert [line for line in log.splitlines() if len(line) > SHORT_LINE] == []
    assert len(log.splitlines()) <= len(sent)
    assert psutil.Process(doorbell.web.pid).children() == [worker], "the same process, alive"
    assert get(doorbell.url + "/orders/7", doorbell.cookie(user)) == 200


def status(port: int, data: bytes) -> bytes:
    """The status of the answer, b"" if the server closes the connection without one, b"silence" if it does neither."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            answer = sock.recv(200)
        except TimeoutError:
            return b"silence"
        # OSError: `shutdown` of a connection that the server has already reset.
        except OSError:
            return b""
    found = STATUS.match(answer)
    return found[1] if found else b""


def signed_in(doorbell: Doorbell, user: int) -> Person:
    """A signed-in person with the CSRF token of one of its pages."""
    cookie = doorbell.cookie(user).encode()
    with socket.create_connection(("127.0.0.1", doorbell.port), timeout=15) as sock:
        sock.sendall(b"GET /orders/new HTTP/1.0\r\nCookie: " + cookie + b"\r\n\r\n")
        page = b"".join(iter(lambda: sock.recv(65_536), b""))
    (token,) = re.findall(rb'name="csrf-token" content="([^"]+)"', page)
    (session,) = re.findall(rb"Set-Cookie: (session=[^;]+)", page)
    return Person(session, token)


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
ANSWERS = {
    "a host with an empty label": (b"GET /sign-in HTTP/1.1\r\nHost: a..b\r\n\r\n", b"400"),
    "a host with a label of 64 characters": (b"GET /sign-in HTTP/1.1\r\nHost: " + b"a" * 64 + b"\r\n\r\n", b"400"),
    "a chunk without a size": (
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"400",
    ),
    "a chunk that ends early": (
        b"POST /sign-in HTTP/1.1\r\nHost: x\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"400",
    ),
    "a header that would move the app": (b"GET /sign-in HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /x\r\n\r\n", b"200"),
    "a header that would change the path": (b"GET /none HTTP/1.1\r\nHost: x\r\nPATH_INFO: /sign-in\r\n\r\n", b"404"),
    "an unknown transfer coding": (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: none\r\n\r\n", b"501"),
}


def test_each_kind_of_malformed_request_has_its_status(doorbell: Doorbell) -> None:
    doorbell.start_web()
    answered = {name: status(doorbell.port, data) for name, (data, _) in ANSWERS.items()}
    assert answered == {name: expected for name, (_, expected) in ANSWERS.items()}
    assert "Traceback" not in doorbell.web.log
