"""A storage of the library `limits` in this process's memory, bounded. Its own one grows with each new client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from cachetools import TLRUCache
from limits.storage import Storage

MAX_KEPT = 20_000


class Window(NamedTuple):
    """The hits of one client. `ends` is in seconds of the storage's clock."""

    hits: int
    ends: float


class LocalStorage(Storage):
    """At most MAX_KEPT counters. When it is full, those that were not counted for the longest time are dropped."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._counters: TLRUCache[str, Window] = TLRUCache(MAX_KEPT, lambda _key, counter, _now: counter.ends, clock)

    def __len__(self) -> int:
        return len(self._counters)

    @property
    def base_exceptions(self) -> type[Exception]:
        return KeyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add `amount`. A new counter expires `expiry` seconds from now."""
        with self._lock:
            found = self._counters.get(key) or Window(0, self._clock() + expiry)
            self._counters[key] = Window(found.hits + amount, found.ends)
            return found.hits + amount

    def get(self, key: str) -> int:
        with self._lock:
            found = self._counters.get(key)
            return found.hits if found else 0

    def get_expiry(self, key: str) -> float:
        """When the counter expires, in epoch seconds; now for an unknown key."""
        with self._lock:
            found = self._counters.get(key)
            return time.time() + (found.ends - self._clock() if found else 0.0)

    def clear(self, key: str) -> None:
        with self._lock:
            self._counters.pop(key, None)

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        """Drop all counters. Returns their number."""
        with self._lock:
            count = len(self._counters)
            self._counters.clear()
            return count
