"""Holds slowed sign-in attempts back, up to a limit per process and per account."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

MAX_WAITING = 100  # attempts per process
MAX_WAITING_PER_ACCOUNT = 10


class WaitingRoomFull(Exception):
    """Too many attempts are already waiting."""


class WaitingRoom:
    """`wait` blocks the caller. Under gevent that is one greenlet, so other requests go on."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()

    def wait(self, account: str, seconds: float) -> None:
        """Raises WaitingRoomFull."""
        if not seconds:
            return
        with self._lock:
            if self._waiting.total() >= MAX_WAITING or self._waiting[account] >= MAX_WAITING_PER_ACCOUNT:
                raise WaitingRoomFull
            self._waiting[account] += 1
        try:
            self._sleep(seconds)
        finally:
            with self._lock:
                self._waiting[account] -= 1
                if not self._waiting[account]:
                    del self._waiting[account]
