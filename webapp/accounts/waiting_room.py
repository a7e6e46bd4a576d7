"""Where slowed tries to sign in wait: so many at once, and so many of them for one account."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

MAX_WAITING = 100  # tries a process
MAX_WAITING_FOR_ONE = 10  # of them at one account


class WaitingRoomFull(Exception):
    """Too many wait already."""


class WaitingRoom:
    """`wait` holds the caller back. Under gevent that is a greenlet, which costs nobody else anything."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()

    def wait(self, account: str, seconds: float) -> None:
        """Raises Full."""
        if not seconds:
            return
        with self._lock:
            if self._waiting.total() >= MAX_WAITING or self._waiting[account] >= MAX_WAITING_FOR_ONE:
                raise WaitingRoomFull
            self._waiting[account] += 1
        try:
            self._sleep(seconds)
        finally:
            with self._lock:
                self._waiting[account] -= 1
                if not self._waiting[account]:
                    del self._waiting[account]
