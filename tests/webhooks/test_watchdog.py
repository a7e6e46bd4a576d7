"""One thread ends the sockets of all requests at their deadlines, in plain threads, in forked processes and under gevent."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webapp.webhooks.watchdog import MIN_SWEEP_ENTRIES, Deadline, Watchdog

from ..support.receivers import StartReceiver, Visit
from ..support.running_time import running_time
from ..support.wait import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        yield ours, theirs


def test_a_read_ends_at_the_deadline(pair: tuple[socket.socket, socket.socket]) -> None:
    began = time.monotonic()
    with running_time() as seconds:
        with Watchdog().deadline(0.2) as deadline:
            deadline.guard(pair[0])
            assert pair[0].recv(1) == b""
            assert deadline.has_passed
        assert time.monotonic() - began >= 0.2
        assert seconds() < 2


def test_a_shorter_deadline_that_comes_later_ends_first(pair: tuple[socket.socket, socket.socket]) -> None:
    watchdog = Watchdog()
    with watchdog.deadline(60) as long:
        # The thread waits for the long one already.
        eventually(lambda: watchdog._changed._waiters)  # type: ignore[attr-defined]
        with watchdog.deadline(0.1) as short:
            short.guard(pair[0])
            assert pair[0].recv(1) == b""
            assert (short.has_passed, long.has_passed) == (True, False)


def test_a_socket_guarded_after_the_deadline_ends_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    deadline = Deadline(60)
    deadline.expire()
    deadline.guard(pair[0])
    assert pair[0].recv(1) == b""


def test_a_request_that_is_over_leaves_its_socket_alone(pair: tuple[socket.socket, socket.socket]) -> None:
    with Watchdog().deadline(60) as deadline:
        deadline.guard(pair[0])
    deadline.expire()
    pair[1].send(b"x")
    assert pair[0].recv(1) == b"x"
    assert not deadline.has_passed


def test_many_requests_have_one_thread_and_leave_nothing_behind() -> None:
    watchdog = Watchdog()

    def request(_n: int) -> None:
        with watchdog.deadline(60):
            pass

    def threads() -> int:
        return sum(thread.name == "webhook-deadlines" for thread in threading.enumerate())

    before = threads()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(request, range(2_000)))
    assert threads() - before == 1
    assert watchdog.waiting <= MIN_SWEEP_ENTRIES + 20


def run(script: str, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert ran.stderr == ""
    return ran.stdout


def drip(visit: Visit) -> None:
    """Without the watchdog, a client reads this until the server stops."""
    visit.read_request()
    visit.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    visit.drip(b"x")


def test_the_deadline_holds_in_a_forked_process(receiver: StartReceiver) -> None:
    script = """
        import ipaddress, os, sys
        from webapp.webhooks.post import DeadlineExceeded, post
        def outcome():
            try:
                post(sys.argv[1], b"x", {}, 0.2, [ipaddress.ip_network("127.0.0.0/8")])
            except DeadlineExceeded as error:
                return error.kind
        parent = outcome()
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.write(write, outcome().encode())
            os._exit(0)
        os.waitpid(child, 0)
        print(parent, os.read(read, 100).decode())
    """
    assert run(script, receiver(drip).url) == "deadline deadline\n"


def test_requests_in_greenlets_wait_together_and_keep_the_deadline(receiver: StartReceiver) -> None:
    script = """
        from gevent import monkey
        monkey.patch_all()
        import ipaddress, sys, time
        from gevent.pool import Pool
        from webapp.webhooks.post import DeadlineExceeded, post
        def outcome(_n):
            try:
                post(sys.argv[1], b"x", {}, 0.5, [ipaddress.ip_network("127.0.0.0/8")])
            except DeadlineExceeded as error:
                return error.kind
        began = time.monotonic()
        print(set(Pool(20).map(outcome, range(20))), time.monotonic() - began < 3)
    """
    assert run(script, receiver(drip).url) == "{'deadline'} True\n"
