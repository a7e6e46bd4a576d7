"""The connection goes to the address that was checked, with the name of the URL in Host and TLS."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from webapp.webhooks.errors import CannotConnect, CannotResolve, DeadlineExceeded, RefusedAddress, TlsError
from webapp.webhooks.post import post

from ..support.ports import free_port
from ..support.receivers import OK, StartReceiver, Visit, answering
from ..support.running_time import running_time

ROOT = Path(__file__).parents[2]
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))


def resolves_to(*answers: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """A DNS that changes: the first look-up finds the first answer, and so on; the last one stays."""
    left = list(answers)
    return lambda _host, _port: left.pop(0) if len(left) > 1 else left[0]


def test_a_dns_that_changes_after_the_check_leads_to_the_checked_address(receiver: StartReceiver) -> None:
    checked = receiver(answering(OK), host="127.0.0.2")
    later = receiver(answering(OK), host="127.0.0.3", port=checked.port)
    resolve = resolves_to(["127.0.0.2"], ["127.0.0.3"])
    url = f"http://rebinding.example:{checked.port}/"
    answer = post(url, b"{}", {}, allow=LOOPBACK, resolve=resolve)
    assert (answer.address, len(checked.visits), len(later.visits)) == ("127.0.0.2", 1, 0)
    assert f"Host: rebinding.example:{checked.port}" in checked.visits[0].head
    # The guard: the next request looks the name up again, and goes to the new address.
    assert post(url, b"{}", {}, allow=LOOPBACK, resolve=resolve).address == "127.0.0.3"


def test_a_dns_that_changes_to_an_address_inside_is_refused_at_the_next_request(receiver: StartReceiver) -> None:
    server = receiver(answering(OK), host="127.0.0.2")
    allow = (ipaddress.ip_network("127.0.0.2"),)
    resolve = resolves_to(["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2", "127.0.0.1"])
    url = f"http://rebinding.example:{server.port}/"
    assert post(url, b"{}", {}, allow=allow, resolve=resolve).is_success
    for _ in range(2):
        with pytest.raises(RefusedAddress, match=r"rebinding\.example.* a loopback"):
            post(url, b"{}", {}, allow=allow, resolve=resolve)
    assert len(server.visits) == 1


def test_the_systems_resolver_is_asked_once_and_the_connection_has_an_address(receiver: StartReceiver) -> None:
    server = receiver(answering(OK))
    # Audit events show each look-up and each connection of the interpreter.
    script = f"""
        import ipaddress, sys
        from webapp.webhooks.post import post
        def hook(event, arguments):
            if event == "socket.getaddrinfo": print("look-up", arguments[0])
            if event == "socket.connect": print("connection", arguments[1][0])
        sys.addaudithook(hook)
        allow = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1")]
        print("status", post("http://localhost:{server.port}/", b"x", {{}}, allow=allow).status)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, cwd=ROOT)
    lines = [line for line in ran.stdout.splitlines() if line != "connection ::1"]
    assert (lines, ran.stderr) == (["look-up localhost", "connection 127.0.0.1", "status 200"], "")


def test_the_next_checked_address_is_used_when_one_refuses(receiver: StartReceiver) -> None:
    server = receiver(answering(OK), host="127.0.0.2")
    found = resolves_to(["127.0.0.9", "::1", "127.0.0.2"])
    answer = post(f"http://two.example:{server.port}/", b"{}", {}, allow=LOOPBACK, resolve=found)
    assert (answer.status, answer.address) == (200, "127.0.0.2")


def test_a_silent_address_leaves_time_for_the_next_one(receiver: StartReceiver) -> None:
    server = receiver(answering(OK), host="127.0.0.2")
    with socket.create_server(("127.0.0.9", server.port), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())
        found = resolves_to(["127.0.0.9", "127.0.0.2"])
        answer = post(f"http://two.example:{server.port}/", b"{}", {}, 2.0, LOOPBACK, resolve=found)
    assert (answer.status, answer.address) == (200, "127.0.0.2")
    assert 1_000 <= answer.milliseconds < 2_000


def test_a_host_of_many_dead_addresses_is_tried_four_times(receiver: StartReceiver) -> None:
    port = free_port()
    found = resolves_to([f"127.0.0.{n}" for n in range(2, 200)])
    with running_time() as seconds:
        with pytest.raises(CannotConnect, match=f"many.example:{port}: the connection was refused"):
            post(f"http://many.example:{port}/", b"{}", {}, allow=LOOPBACK, resolve=found)
        assert seconds() < 2
    server = receiver(answering(OK), host="127.0.0.50", port=port)
    with pytest.raises(CannotConnect):
        post(f"http://many.example:{port}/", b"{}", {}, allow=LOOPBACK, resolve=found)
    assert server.visits == []


def test_an_unknown_host_is_reported(receiver: StartReceiver) -> None:
    with pytest.raises(CannotResolve, match=r"no-such-host\.invalid has no address"):
        post("https://no-such-host.invalid/?token=hunter2", b"{}", {})


def test_tls_is_verified_for_the_name_of_the_url(
    receiver: StartReceiver, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    server = receiver(answering(OK), tls=server_tls)
    url = f"https://hooks.example:{server.port}/"
    answer = post(url, b"{}", {}, allow=LOOPBACK, resolve=resolves_to(["127.0.0.1"]), tls=client_tls)
    assert (answer.status, answer.body, answer.address) == (200, b"ok", "127.0.0.1")
    assert server.names == ["hooks.example"]
    assert f"Host: hooks.example:{server.port}" in server.visits[0].head


def test_tls_is_verified_for_an_address(
    receiver: StartReceiver, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    server = receiver(answering(OK), tls=server_tls)
    assert post(server.url, b"{}", {}, allow=LOOPBACK, tls=client_tls).status == 200
    other = receiver(answering(OK), tls=server_tls, host="127.0.0.2")
    with pytest.raises(TlsError, match=r"not valid: it is for another address\.$"):
        post(other.url, b"{}", {}, allow=LOOPBACK, tls=client_tls)


def test_a_certificate_for_another_name_is_refused(
    receiver: StartReceiver, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    server = receiver(answering(OK), tls=server_tls)
    found = resolves_to(["127.0.0.1"])
    with pytest.raises(TlsError) as raised:
        post(f"https://bank.example:{server.port}/?a=hunter2", b"{}", {}, allow=LOOPBACK, resolve=found, tls=client_tls)
    assert str(raised.value) == f"The certificate of bank.example:{server.port} is not valid: it is for another name."
    assert server.visits == [], "the request is not sent"


def test_a_self_signed_certificate_is_refused(receiver: StartReceiver, server_tls: ssl.SSLContext) -> None:
    server = receiver(answering(OK), tls=server_tls)
    with pytest.raises(TlsError, match="is not valid: it is self-signed"):
        post(server.url, b"{}", {}, allow=LOOPBACK)
    assert server.visits == []


def test_a_receiver_without_tls_is_reported(receiver: StartReceiver) -> None:
    def behave(visit: Visit) -> None:
        visit.socket.recv(1000)
        visit.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with pytest.raises(TlsError, match="did not answer in TLS"):
        post(f"https://127.0.0.1:{receiver(behave).port}/", b"{}", {}, allow=LOOPBACK)
    with pytest.raises(TlsError, match="closed the connection while TLS"):
        post(f"https://127.0.0.1:{receiver(lambda visit: None).port}/", b"{}", {}, allow=LOOPBACK)


def test_the_deadline_ends_a_handshake_and_a_drip_inside_tls(
    receiver: StartReceiver, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    def drip(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        visit.drip(b"x")

    silent = f"https://127.0.0.1:{receiver(lambda visit: visit.wait()).port}/"
    for url in (silent, receiver(drip, tls=server_tls).url):
        began = time.monotonic()
        with running_time() as seconds:
            with pytest.raises(DeadlineExceeded, match=r"127\.0\.0\.1:.* within 0\.3 seconds"):
                post(url, b"{}", {}, 0.3, LOOPBACK, tls=client_tls)
            assert time.monotonic() - began >= 0.3
            assert seconds() < 2


def test_a_look_up_that_takes_too_long_ends_at_the_deadline() -> None:
    answered = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        answered.wait(30)
        return ["127.0.0.1"]

    began = time.monotonic()
    with running_time() as seconds:
        with pytest.raises(DeadlineExceeded, match=r"slow\.example was not connected within 0\.2 seconds"):
            post("https://slow.example/", b"{}", {}, 0.2, LOOPBACK, resolve=resolve)
        assert time.monotonic() - began >= 0.2
        assert seconds() < 2
    answered.set()
