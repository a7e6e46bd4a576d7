"""The hosts: a cut is silent, they are separate from this machine, and nothing of them is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from webapp.config import CANNOT_START

from ..support.processes import ROOT, Doorbell
from ..support.wait import eventually
from ..support.world import Service
from .network import NAMESPACES, SUBNET, Network, remove_leftovers, why_unavailable

pytestmark = pytest.mark.hosts

DIES_WITH_HOSTS = """
import subprocess, sys, time
from tests.hosts.network import Network
host = Network().host("left")
with host.inside():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def network() -> Iterator[Network]:
    if reason := why_unavailable():
        pytest.skip(f"no hosts were made: {reason}")
    network = Network()
    yield network
    network.close()


def test_a_cut_is_silence_and_heals(network: Network) -> None:
    one, two = network.host("one"), network.host("two")
    with one.inside(), socket.create_server((one.address, 1234)) as server:
        with two.inside():
            client = socket.create_connection((one.address, 1234), timeout=0.3)
        with client, server.accept()[0] as accepted:
            accepted.sendall(b"before")
            assert client.recv(10) == b"before"
            one.cut()
            accepted.sendall(b"during")
            with pytest.raises(TimeoutError):
                client.recv(10)
            one.heal()
            client.settimeout(10)
            assert client.recv(10) == b"during"


@pytest.mark.parametrize("env", [{"DOORBELL_DEMO": "1"}, {"DOORBELL_DEMO": "0", "COOKIE_SECURE": "0"}])
@pytest.mark.parametrize("by_option", [False, True])
def test_gunicorn_refuses_an_insecure_address_that_it_has_bound(
    network: Network, service: Service, env: dict[str, str], by_option: bool
) -> None:
    doorbell, bind = Doorbell(service, **env), "0.0.0.0:8000"
    options, variables = (["--bind", bind], {}) if by_option else ([], {"BIND": bind})
    web = doorbell.process(*doorbell.web.args, *options, **variables)
    try:
        with network.host("one").inside():
            web.start()
        assert web.wait(30) == CANNOT_START
        assert f"Doorbell cannot start: BIND is '{bind}', which other machines reach" in web.log
        assert "ALLOW_INSECURE_NETWORK=1" in web.log
        assert "Traceback" not in web.log
    finally:
        doorbell.close()


def test_hosts_and_this_machine_cannot_reach_each_other(network: Network) -> None:
    host = network.host("one")
    with host.inside(), socket.create_server((host.address, 1234)):
        pass
    routes = subprocess.run(["ip", "-4", "address"], capture_output=True, text=True, check=True).stdout
    assert SUBNET not in routes
    with socket.create_server(("127.0.0.1", 0)) as ours, host.inside(), pytest.raises(ConnectionRefusedError):
        socket.create_connection(ours.getsockname(), timeout=1)


def test_leftovers_of_a_killed_test_are_removed_with_their_processes(network: Network) -> None:
    killed = subprocess.Popen([sys.executable, "-c", DIES_WITH_HOSTS], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    child = int(killed.stdout.readline())
    assert list(NAMESPACES.glob(f"doorbell-{killed.pid}-*"))
    remove_leftovers()
    assert list(NAMESPACES.glob(f"doorbell-{killed.pid}-*")), "a running test keeps its hosts"
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    remove_leftovers()
    assert not list(NAMESPACES.glob(f"doorbell-{killed.pid}-*"))
    eventually(lambda: not _runs(child))


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as state:
            return state.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_reason_is_given_when_no_hosts_can_be_made(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert why_unavailable() == "`ip` is not installed; Debian: apt-get install iproute2"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert why_unavailable() == "network namespaces need root"
