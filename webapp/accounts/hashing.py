"""Runs password hashes outside the event loop, a few at once, with a short queue.

A hash keeps a core busy for about 50 ms. In gevent's only thread it would stop all streams and pages of the process for that
time. So it runs in threads of its own, at a lower priority than the loop. The hash itself runs without the interpreter's lock.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

# Hashes at once. One hash uses up to four cores (argon2's lanes).
THREADS = 1
MAX_WAITING = 16  # callers behind the running hashes
# Of those, attempts of clients that never signed in to that account.
MAX_WAITING_STRANGERS = 10
NICENESS = 10  # the loop and PostgreSQL come first

T = TypeVar("T")


class HashingBusy(Exception):
    """The queue is full."""


class HashingPool:
    """The hashing threads of a process. `run` waits for its turn without blocking other greenlets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(THREADS)
        self._in_line = 0  # places taken, running hashes included
        self._pool: Any = None

    @contextmanager
    def place(self, *, stranger: bool = False) -> Iterator[None]:
        """A place in the queue, for a query and the hashes that follow it. Raises HashingBusy when the queue is full."""
        with self._lock:
            if self._in_line >= THREADS + (MAX_WAITING_STRANGERS if stranger else MAX_WAITING):
                raise HashingBusy
            self._in_line += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_line -= 1

    def run(self, work: Callable[[], T]) -> T:
        """The result of `work`. The caller must hold a place."""
        with self._turns:
            return self._threads().apply(_at_low_priority(work)) if _under_gevent() else work()

    def _threads(self) -> Any:
        if self._pool is None:
            from gevent.threadpool import ThreadPool

            self._pool = ThreadPool(THREADS)
        return self._pool


def _at_low_priority(work: Callable[[], T]) -> Callable[[], T]:
    def run() -> T:
        # Elsewhere than on Linux a thread has no niceness of its own.
        if sys.platform == "linux":
            thread = threading.get_native_id()
            # Only root may raise the priority of a process that was started with a lower one.
            os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))
        return work()

    return run


def _under_gevent() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


hashing = HashingPool()
