"""A reload of the web process under load: no connection is lost."""

from __future__ import annotations

import os
import signal
import socket
import threading

import psutil
import pytest

from ..support.processes import Doorbell
from ..support.wait import eventually
from ..support.world import Service

BURST = 100  # as many as gevent accepts
# A worker that starts on a busy machine answers late; a lost connection fails at once.
TIMEOUT_SECONDS = 30
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n"


def burst(port: int) -> list[str]:
    """The outcome of each connection that got no answer."""
    lost = []
    asking = [socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) for _ in range(BURST)]
    for each in asking:
        each.sendall(REQUEST)
    for each in asking:
        with each:
            try:
                answer = each.recv(4096)
            except OSError as error:
                lost.append(repr(error))
            else:
                lost += [] if answer.startswith(b"HTTP/1.1 200") else [repr(answer)]
    return lost


@pytest.mark.faults
def test_a_reload_loses_no_connection(service: Service) -> None:
    doorbell = Doorbell(service)
    doorbell.start_web()
    lost: list[str] = []
    reloaded = threading.Event()

    def keep_asking() -> None:
        while not reloaded.is_set():
            lost.extend(burst(doorbell.port))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        master = psutil.Process(doorbell.web.pid)
        for _ in range(3):
            old = master.children()[0]
            os.kill(master.pid, signal.SIGHUP)
            eventually(lambda old=old: not old.is_running() and len(master.children()) == 1, TIMEOUT_SECONDS)
    finally:
        reloaded.set()
        asking.join()
        doorbell.close()
    assert lost == []
