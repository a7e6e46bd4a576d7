"""Slow, huge and malformed answers: each request ends at its deadline, reads a bounded answer, and names the fault."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from webapp.webhooks.errors import DeadlineExceeded, MalformedAnswer, PostError
from webapp.webhooks.exchange import MAX_KEPT_BYTES, MAX_READ_BYTES
from webapp.webhooks.post import post

from ..support.receivers import OK, Behaviour, StartReceiver, Visit, answering
from ..support.running_time import running_time
from ..support.wait import eventually

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
BODY = json.dumps({"type": "order.paid"}).encode()
HEADERS = {"Content-Type": "application/json", "webhook-id": "7-1"}
SHORT = 0.3


@contextmanager
def lasts(at_least: float, at_most: float) -> Iterator[None]:
    began = time.monotonic()
    with running_time() as seconds:
        yield
        assert time.monotonic() - began >= at_least
        assert seconds() <= at_most


def drip_body(visit: Visit) -> None:
    visit.read_request()
    visit.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    visit.drip(b"x")


def drip_body_to_the_end(visit: Visit) -> None:
    visit.read_request()
    visit.socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    visit.drip(b"x")


def drip_headers(visit: Visit) -> None:
    visit.read_request()
    visit.socket.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    visit.drip(b"x")


def drip_header_lines(visit: Visit) -> None:
    visit.read_request()
    visit.socket.sendall(b"HTTP/1.1 200 OK\r\n")
    visit.drip(b"a: b\r\n", 0.01)


def drip_chunks(visit: Visit) -> None:
    visit.read_request()
    visit.socket.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    visit.drip(b"1\r\nx\r\n")


def drip_continue(visit: Visit) -> None:
    visit.read_request()
    visit.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def never_answer(visit: Visit) -> None:
    visit.read_request()
    visit.wait()


def never_read(visit: Visit) -> None:
    visit.wait()


@pytest.mark.parametrize(
    "behave",
    [drip_body, drip_body_to_the_end, drip_headers, drip_header_lines, drip_chunks, drip_continue, never_answer],
)
def test_a_slow_receiver_is_left_at_the_deadline(receiver: StartReceiver, behave: Behaviour) -> None:
    server = receiver(behave)
    with (
        lasts(SHORT, SHORT + 2),
        pytest.raises(DeadlineExceeded, match=r"did not answer completely within 0\.3 seconds"),
    ):
        post(server.url, BODY, HEADERS, SHORT, LOOPBACK)
    # The receiver's thread may be later than the deadline.
    eventually(lambda: bool(server.visits) and server.visits[0].body == BODY)


def test_a_receiver_that_never_reads_is_left_at_the_deadline(receiver: StartReceiver) -> None:
    server = receiver(never_read)
    with lasts(SHORT, SHORT + 2), pytest.raises(DeadlineExceeded):
        post(server.url, bytes(20_000_000), HEADERS, SHORT, LOOPBACK)


def test_a_host_that_never_accepts_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())
        with lasts(SHORT, SHORT + 2), pytest.raises(DeadlineExceeded, match="was not connected"):
            post(f"http://127.0.0.1:{full.getsockname()[1]}/", BODY, HEADERS, SHORT, LOOPBACK)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
    ],
)
def test_a_huge_body_is_cut_and_not_read_to_its_end(receiver: StartReceiver, head: bytes) -> None:
    sent = []

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        visit.socket.sendall(head)
        while not visit.stopped.is_set():
            sent.append(visit.socket.send(b"x" * 65_536))

    with lasts(0, 5):
        answer = post(receiver(behave).url, BODY, HEADERS, allow=LOOPBACK)
    assert (answer.status, answer.body, answer.is_cut) == (200, b"x" * MAX_KEPT_BYTES, True)
    assert sum(sent) < 100 * MAX_READ_BYTES, "beyond the buffers of the kernel nothing was read"


def test_a_body_of_endless_chunks_is_cut(receiver: StartReceiver) -> None:
    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not visit.stopped.is_set():
            visit.socket.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")

    with lasts(0, 5):
        answer = post(receiver(behave).url, BODY, HEADERS, allow=LOOPBACK)
    assert (answer.body, answer.is_cut) == (b"x" * MAX_KEPT_BYTES, True)


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour", b"four"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n", b"abc"),
    ],
)
def test_a_body_that_ends_early_is_marked_as_cut_and_keeps_the_status(
    receiver: StartReceiver, sent: bytes, body: bytes
) -> None:
    answer = post(receiver(answering(sent)).url, BODY, HEADERS, allow=LOOPBACK)
    assert (answer.status, answer.body, answer.is_cut) == (200, body, True)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "closed the connection before"),
        (b"HTTP/1.1 200", "closed the connection before"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed the connection before"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "did not answer in HTTP"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "did not answer in HTTP"),
        (b"-ERR unknown command 'POST'\r\n", "did not answer in HTTP"),
        (b"\r\n\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "sent more headers than"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n", "sent more headers than"),
        (b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"x" * 6000 + b"\r\n") * 20, "sent more headers than"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "sent more headers than"),
    ],
)
def test_a_malformed_answer_is_reported(receiver: StartReceiver, sent: bytes, words: str) -> None:
    server = receiver(answering(sent))
    with pytest.raises(MalformedAnswer, match=f"127.0.0.1:{server.port} {words}") as raised:
        post(server.url, BODY, HEADERS, allow=LOOPBACK)
    assert "hunter2" not in str(raised.value)


def test_a_hundred_slow_receivers_cost_the_time_of_one(receiver: StartReceiver) -> None:
    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.stopped.wait(0.3)
        visit.socket.sendall(OK)

    # A busy machine needs a while for a hundred at once, so only those without an answer have a short deadline.
    places = ((receiver(never_answer).url, 1.0), (receiver(behave).url, 15.0))

    def status(n: int) -> int | str:
        url, deadline = places[n % 2]
        try:
            return post(url, BODY, HEADERS, deadline, LOOPBACK).status
        except PostError as error:
            return error.kind

    with ThreadPoolExecutor(100) as pool, lasts(1.0, 5.0):
        outcomes = list(pool.map(status, range(100)))
    assert outcomes == ["deadline", 200] * 50
