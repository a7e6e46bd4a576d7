"""Where passwords are hashed: beside the loop, a few at once, with a short queue.

A hash keeps a core busy for some 50 ms. In gevent's only thread it would stop every stream and page of the process for so
long, so it is done in threads of its own, which give way to the loop. The hash itself runs without the interpreter's lock.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

THREADS = 1  # hashes at once; one uses four cores where it finds them (argon2's lanes)
MAX_WAITING = 16  # hashes in line behind those
MAX_WAITING_STRANGERS = 10  # of those, tries of clients that have not signed in to that account before
NICENESS = 10  # the loop and PostgreSQL come first

T = TypeVar("T")


class HashingBusy(Exception):
    """The queue is full."""


class HashingPool:
    """One for each process. `run` waits for its turn without holding up other greenlets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(THREADS)
        self._in_line = 0  # those with a place, the one that is hashed included
        self._pool: Any = None

    @contextmanager
    def place(self, *, stranger: bool = False) -> Iterator[None]:
        """A place in line, for a query and the hashes that follow from it. Raises Busy when too many are in line."""
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
        """What `work` returns. For those who have a place."""
        with self._turns:
            return self._threads().apply(_give_way(work)) if _under_gevent() else work()

    def _threads(self) -> Any:
        if self._pool is None:
            from gevent.threadpool import ThreadPool

            self._pool = ThreadPool(THREADS)
        return self._pool


def _give_way(work: Callable[[], T]) -> Callable[[], T]:
    def run() -> T:
        if sys.platform == "linux":  # elsewhere a thread has no niceness of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        return work()

    return run


def _under_gevent() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


hashing = HashingPool()
