"""Hosts as network namespaces, each with its own address on one switch, which is a namespace too.

The machine's own network is not touched. Names contain the pid of the test, so leftovers of a killed test are removed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

NAMESPACES = Path("/run/netns")
SUBNET = "10.213.97"  # only inside these namespaces
REFUSALS = ("not permitted", "Permission denied", "not supported", "Unknown device type", "Read-only file system")
_NAME = re.compile(r"doorbell-(\d+)-\w+")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def why_unavailable() -> str | None:
    """Why no namespaces can be made on this machine, as text; None when they can."""
    if os.name != "posix" or not Path("/proc/self/ns/net").exists():
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "`ip` is not installed; Debian: apt-get install iproute2"
    name = f"doorbell-{os.getpid()}-try"
    try:
        _ip("netns", "add", name)
        _ip("-n", name, "link", "add", "name", "try0", "type", "veth", "peer", "name", "try1")
    except subprocess.CalledProcessError as error:
        if not any(refusal in error.stderr for refusal in REFUSALS):
            raise
        return f"network namespaces are not permitted here: {error.stderr.strip()}"
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
    return None


class Host:
    """One host. Processes and sockets made `inside` it have its address, and no other network."""

    def __init__(self, network: Network, name: str, number: int) -> None:
        self.name, self.address = name, f"{SUBNET}.{number}"
        self._namespace = network.name(name)
        self._switch, self._plug = network.name("switch"), f"to-{name}"
        _ip("netns", "add", self._namespace)
        here, there = ("name", "eth0", "netns", self._namespace), ("name", self._plug, "netns", self._switch)
        _ip("-n", self._switch, "link", "add", *here, "type", "veth", "peer", *there)
        _ip("-n", self._switch, "link", "set", self._plug, "master", "bridge", "up")
        _ip("-n", self._namespace, "link", "set", "lo", "up")
        _ip("-n", self._namespace, "address", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", self._namespace, "link", "set", "eth0", "up")

    def enter(self) -> None:
        """Move this thread into the host for good. Processes and sockets belong to the host of the thread that made them."""
        _move_to(NAMESPACES / self._namespace)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        with Path(f"/proc/self/task/{_libc.gettid()}/ns/net").open() as before:
            self.enter()
            try:
                yield
            finally:
                _move(before.fileno())

    def cut(self) -> None:
        """Disconnect the host from the switch. Nothing is forwarded, and neither side gets an error."""
        _ip("-n", self._switch, "link", "set", self._plug, "down")

    def heal(self) -> None:
        _ip("-n", self._switch, "link", "set", self._plug, "up")


class Network:
    """A switch. `host` adds a host; `close` removes all of them, and ends their processes."""

    def __init__(self) -> None:
        remove_leftovers()
        self._hosts = 0
        _ip("netns", "add", self.name("switch"))
        _ip("-n", self.name("switch"), "link", "add", "bridge", "type", "bridge")
        _ip("-n", self.name("switch"), "link", "set", "bridge", "up")

    def name(self, host: str) -> str:
        return f"doorbell-{os.getpid()}-{host}"

    def host(self, name: str) -> Host:
        self._hosts += 1
        return Host(self, name, self._hosts)

    def close(self) -> None:
        _remove(os.getpid())


def remove_leftovers() -> None:
    """Remove the namespaces of killed tests, and end the processes that still run in them."""
    for pid in {int(found.group(1)) for path in NAMESPACES.glob("*") if (found := _NAME.fullmatch(path.name))}:
        if pid == os.getpid() or not psutil.pid_exists(pid):
            _remove(pid)


def _remove(pid: int) -> None:
    for path in NAMESPACES.glob(f"doorbell-{pid}-*"):
        for left in map(int, _ip("netns", "pids", path.name).split()):
            if left != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)
        _ip("netns", "delete", path.name)


def _ip(*args: str) -> str:
    return subprocess.run(["ip", *args], check=True, capture_output=True, text=True).stdout


def _move_to(path: Path) -> None:
    with path.open() as namespace:
        _move(namespace.fileno())


def _move(descriptor: int) -> None:
    """Like os.setns, which needs Python 3.12."""
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
