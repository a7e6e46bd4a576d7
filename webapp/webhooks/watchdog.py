"""Deadlines of whole requests: one thread shuts down the socket of each request whose time is over.

A timeout of a socket is not a deadline: each received byte starts it again, so a server that sends one byte per second
holds a request for hours.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator

# Below it, ended requests are not removed from the heap before their time.
MIN_SWEEP_ENTRIES = 256


class Deadline:
    """The time by which one request must be over. `has_passed` is true once its socket was shut down."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.at = time.monotonic() + seconds
        self.has_passed = False
        self.is_over = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    @property
    def remaining(self) -> float:
        """The seconds that are left, at least 0."""
        return max(0.0, self.at - time.monotonic())

    def guard(self, sock: socket.socket | None) -> None:
        """From now on the deadline ends this socket, and no earlier one. It is ended at once when the time is over.

        Call it with None before the socket is closed, because another socket may get the same number.
        """
        with self._lock:
            self._socket = sock
            if self.has_passed and sock is not None:
                _shut_down(sock)

    def end(self) -> None:
        """The request is over, and its socket is about to be closed."""
        with self._lock:
            self.is_over, self._socket = True, None

    def expire(self) -> None:
        """Shut the socket down, so that each wait for it ends."""
        with self._lock:
            if not self.is_over:
                self.has_passed = True
                if self._socket is not None:
                    _shut_down(self._socket)


class Watchdog:
    """Expires deadlines. Its one thread starts with the first deadline, and again in a forked process."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Deadline]] = []
        self._ended = 0
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """The number of entries in the heap, those of ended requests included."""
        return len(self._heap)

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[Deadline]:
        """A deadline for the block, in `seconds` from now."""
        deadline = Deadline(seconds)
        self._add(deadline)
        try:
            yield deadline
        finally:
            deadline.end()
            self._sweep()

    def _add(self, deadline: Deadline) -> None:
        with self._changed:
            entry = (deadline.at, next(self._numbers), deadline)
            heapq.heappush(self._heap, entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="webhook-deadlines", daemon=True)
                self._thread.start()
            elif self._heap[0] is entry:
                self._changed.notify()

    def _sweep(self) -> None:
        """Count one ended request; remove all ended ones from the heap when they are more than half of it."""
        with self._changed:
            self._ended += 1
            if len(self._heap) >= MIN_SWEEP_ENTRIES and self._ended * 2 > len(self._heap):
                self._heap = [entry for entry in self._heap if not entry[2].is_over]
                heapq.heapify(self._heap)
                self._ended = 0

    def _run(self) -> None:
        # The main loop of the thread.
        while True:
            with self._changed:
                while not self._heap or self._heap[0][0] > time.monotonic():
                    self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                _at, _number, deadline = heapq.heappop(self._heap)
            deadline.expire()


def _shut_down(sock: socket.socket) -> None:
    # The method of plain sockets: that of ssl.SSLSocket would change the state that a reading thread uses.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
