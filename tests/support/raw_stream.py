"""A stream read byte by byte, and what its web process counts."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable

import psutil

from .metrics import Scrape, scrape
from .processes import Doorbell
from .world import World

TOKEN = "a-token-for-the-tests"
Start = Callable[..., Doorbell]


class Raw:
    """A stream's raw socket, with the smallest receive buffer that the system allows; reads only on demand."""

    def __init__(self, doorbell: Doorbell, cookie: str, receive: int = 2048) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", doorbell.port))
        self.socket.sendall(f"GET /stream HTTP/1.1\r\nHost: board\r\nCookie: {cookie}\r\n\r\n".encode())
        self.received = b""

    def read_until(self, text: bytes) -> bytes:
        while text not in self.received:
            part = self.socket.recv(1000)
            assert part, f"ended before {text!r}, after {self.received[-300:]!r}"
            self.received += part
        return self.received

    def read_to_the_end(self) -> bytes:
        while part := self.socket.recv(65536):
            self.received += part
        return self.received

    def close(self) -> None:
        self.socket.close()


def opened(doorbell: Doorbell, world: World, count: int = 1) -> tuple[int, list[Raw]]:
    """A new tenant and `count` streams of one of its users, after their greeting."""
    tenant = world.tenant(f"t{time.monotonic_ns()}")
    cookie = doorbell.cookie(world.user(tenant))
    streams = [Raw(doorbell, cookie) for _ in range(count)]
    for stream in streams:
        stream.read_until(b"event: hello")
        stream.read_until(b"\n\n")
    return tenant, streams


def metrics(doorbell: Doorbell) -> Scrape:
    return scrape(doorbell.url + "/metrics", TOKEN)


def worker(doorbell: Doorbell) -> psutil.Process:
    return psutil.Process(doorbell.web.pid).children()[0]


def events(received: bytes) -> list[tuple[str, dict[str, int], int | None]]:
    """The events of the body. Fails when one is not complete."""
    body = received.partition(b"\r\n\r\n")[2].decode()
    assert body.endswith("\n\n"), body[-200:]
    found = []
    for block in body.removesuffix("\n\n").split("\n\n"):
        whole = re.fullmatch(r"event: (\w+)\n(?:retry: \d+\n)?(?:id: (\d+)\n)?data: (.*)", block)
        assert whole, block
        found.append((whole[1], json.loads(whole[3]), int(whole[2]) if whole[2] else None))
    return found
