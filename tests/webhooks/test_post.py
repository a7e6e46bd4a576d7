"""One POST: its request, its answer, and the faults of a connection."""

from __future__ import annotations

import ipaddress
import json
import socket

import pytest

from webapp.webhooks.errors import CannotConnect, MalformedAnswer, RefusedAddress
from webapp.webhooks.post import post

from ..support.ports import free_port
from ..support.receivers import OK, StartReceiver, Visit, answering

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
BODY = json.dumps({"type": "order.paid"}).encode()
HEADERS = {"Content-Type": "application/json", "webhook-id": "7-1"}
SHORT = 0.3


def test_the_receiver_gets_the_body_and_headers_and_its_answer_comes_back(receiver: StartReceiver) -> None:
    server = receiver(
        answering(b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\nX-Trace: a\r\nX-Trace: b\r\n\r\nfine\n")
    )
    answer = post(server.url, BODY, HEADERS, allow=LOOPBACK)
    assert (answer.status, answer.body, answer.is_success, answer.is_cut) == (202, b"fine\n", True, False)
    assert answer.headers == (("Content-Length", "5"), ("X-Trace", "a"), ("X-Trace", "b"))
    assert (answer.header("x-trace"), answer.header("absent"), answer.address) == ("a", None, "127.0.0.1")
    assert 0 <= answer.milliseconds < 5_000
    (visit,) = server.visits
    assert visit.body == BODY
    assert visit.head.split("\r\n") == [
        "POST /hooks?token=hunter2 HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: Doorbell-Webhooks/1",
        "Content-Type: application/json",
        "webhook-id: 7-1",
        "Accept-Encoding: identity",
        f"Content-Length: {len(BODY)}",
        "Connection: close",
    ]


@pytest.mark.parametrize(
    ("sent", "status", "body"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone", 410, b"gone"),
        (b"HTTP/1.1 500 Oops\r\n\r\nto the end of the connection", 500, b"to the end of the connection"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", 200, b"old"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 201, b""),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 999, b""),
    ],
)
def test_answers_of_all_forms_are_read(receiver: StartReceiver, sent: bytes, status: int, body: bytes) -> None:
    answer = post(receiver(answering(sent)).url, BODY, HEADERS, allow=LOOPBACK)
    assert (answer.status, answer.body, answer.is_cut) == (status, body, False)


def test_an_answer_is_not_waited_for_beyond_its_length(receiver: StartReceiver) -> None:
    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(OK)
        visit.wait()

    # The default deadline is 15 s, and raises.
    assert post(receiver(behave).url, BODY, HEADERS, allow=LOOPBACK).body == b"ok"


def test_a_redirect_is_returned_and_not_followed(receiver: StartReceiver) -> None:
    inside = receiver(answering(OK))
    moved = f"HTTP/1.1 302 Found\r\nLocation: {inside.url}\r\nContent-Length: 0\r\n\r\n".encode()
    answer = post(receiver(answering(moved)).url, BODY, HEADERS, allow=LOOPBACK)
    assert (answer.status, answer.is_success, answer.header("location")) == (302, False, inside.url)
    assert inside.visits == []
    assert post(inside.url, BODY, HEADERS, allow=LOOPBACK).is_success


@pytest.mark.parametrize("reads_on", [True, False])
def test_an_answer_that_comes_before_the_body_was_read_is_returned(receiver: StartReceiver, reads_on: bool) -> None:
    def behave(visit: Visit) -> None:
        visit.socket.recv(1000)
        visit.socket.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        # Without reading on, the close resets the connection.
        while reads_on and visit.socket.recv(65_536):
            pass

    assert post(receiver(behave).url, bytes(5_000_000), HEADERS, allow=LOOPBACK).status == 413


def test_a_receiver_that_resets_the_connection_is_reported(receiver: StartReceiver) -> None:
    def behave(visit: Visit) -> None:
        visit.socket.recv(1000)
        visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with pytest.raises(MalformedAnswer, match="closed the connection"):
        post(receiver(behave).url, bytes(1_000_000), HEADERS, allow=LOOPBACK)


def test_a_refused_connection_is_reported_without_the_urls_secrets() -> None:
    port = free_port()
    with pytest.raises(CannotConnect) as raised:
        post(f"http://127.0.0.1:{port}/secret-path?token=hunter2", BODY, HEADERS, allow=LOOPBACK)
    assert str(raised.value) == f"Could not connect to 127.0.0.1:{port}: the connection was refused."


def test_no_proxy_of_the_environment_is_used(receiver: StartReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = receiver(answering(OK)), receiver(answering(OK))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert post(server.url, BODY, HEADERS, allow=LOOPBACK).is_success
    assert (len(proxy.visits), len(server.visits)) == (0, 1)


def test_the_connection_is_closed_after_the_answer(receiver: StartReceiver) -> None:
    closed = []

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(OK)
        closed.append(visit.socket.recv(1))

    server = receiver(behave)
    post(server.url, BODY, HEADERS, allow=LOOPBACK)
    server.close()
    assert closed == [b""]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "inside"},
        {"content-length": "1"},
        {"Connection": "keep-alive"},
        {"a": "b\r\nc: d"},
        {"a b": "c"},
        {"": "c"},
        {"a": "€"},
    ],
)
def test_headers_that_would_change_the_request_itself_are_refused(
    receiver: StartReceiver, headers: dict[str, str]
) -> None:
    server = receiver(answering(OK))
    with pytest.raises(ValueError, match=r"belongs to the connection|cannot carry"):
        post(server.url, BODY, headers, allow=LOOPBACK)
    assert server.visits == []
    assert post(server.url, BODY, {"Authorization": "Bearer ü"}, allow=LOOPBACK).is_success


def test_an_address_inside_is_refused_without_a_connection(receiver: StartReceiver) -> None:
    server = receiver(answering(OK))
    with pytest.raises(RefusedAddress, match="a loopback"):
        post(f"https://127.0.0.1:{server.port}/", BODY, HEADERS)
    assert server.visits == []


def test_control_characters_of_the_answer_reach_neither_headers_nor_text(receiver: StartReceiver) -> None:
    sent = b"HTTP/1.1 200 OK\r\nX-A: a\x00\x1bb\r\n c\r\nContent-Length: 4\r\n\r\n\x00\xff\xc3\xa9"
    answer = post(receiver(answering(sent)).url, BODY, HEADERS, allow=LOOPBACK)
    assert answer.header("X-A") == "a b c"
    assert answer.text == "\ufffd\ufffdé"
