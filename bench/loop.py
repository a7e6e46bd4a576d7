"""An epoll loop for thousands of concurrent HTTP requests on loopback, with little work per read."""

from __future__ import annotations

import contextlib
import errno
import heapq
import itertools
import os
import resource
import select
import socket
import time
from collections.abc import Callable

READ_BYTES = 65_536
# Loopback addresses to connect from: one has only about 28,000 ports.
SOURCES = 8
# The kernel picks the port at connect, so one port serves many destinations.
IP_BIND_ADDRESS_NO_PORT = 24
GONE = select.EPOLLHUP | select.EPOLLERR


class Loop:
    """Handlers by descriptor, and timers by `time.monotonic`."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def add(self, fd: int, handler: Callable[[int], None], events: int = select.EPOLLIN) -> None:
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def await_input(self, fd: int) -> None:
        self._epoll.modify(fd, select.EPOLLIN)

    def remove(self, fd: int) -> None:
        del self._handlers[fd]
        self._epoll.unregister(fd)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), call))

    def turn(self, seconds: float = 0.1) -> None:
        """Handle the descriptors that are ready within `seconds`, and the timers that are due."""
        if self._timers:
            seconds = max(0.0, min(seconds, self._timers[0][0] - time.monotonic()))
        handlers = self._handlers
        for fd, events in self._epoll.poll(seconds, 4096):
            # An earlier handler of this turn may have closed it.
            if (handler := handlers.get(fd)) is not None:
                handler(events)
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()


class Request:
    """One GET on its own connection. `received` gets the data, and b"" when the connection has ended or failed."""

    def __init__(self, loop: Loop, port: int, request: bytes, number: int) -> None:
        self._loop, self._request = loop, request
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        self._socket.bind((f"127.0.0.{2 + number % SOURCES}", 0))
        self._fd = self._socket.fileno()
        self._sent = False
        loop.add(self._fd, self._ready, select.EPOLLOUT)
        code = self._socket.connect_ex(("127.0.0.1", port))
        if code not in (0, errno.EINPROGRESS):
            # Later, because the caller does not have this request yet.
            loop.later(0, self._fail)

    def received(self, data: bytes) -> None:
        raise NotImplementedError

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove(self._fd)
            self._fd = -1
            self._socket.close()

    def _ready(self, events: int) -> None:
        if self._sent:
            try:
                data = os.read(self._fd, READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.close()
            self.received(data)
        elif events & GONE:
            self._fail()
        else:
            self._send()

    def _send(self) -> None:
        try:
            # A few hundred bytes fit into any socket's buffer.
            self._socket.send(self._request)
        except OSError:
            self._fail()
            return
        self._sent = True
        self._loop.await_input(self._fd)

    def _fail(self) -> None:
        if self._fd >= 0:
            self.close()
            self.received(b"")


def get(path: str, *headers: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def raise_open_files() -> int:
    """Raise the limit of open files to its maximum, also for child processes; returns that limit."""
    _, maximum = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (maximum, maximum))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
