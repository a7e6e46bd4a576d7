"""Counters that expire: shared in Redis, or local to this process while Redis is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis

from ..observability import logs
from ..observability.incidents import Incident

AWAY_SECONDS = 5.0  # between two attempts to reach Redis
# Local counters; one more, and all of them begin again.
MAX_KEPT = 20_000

log = logs.get("sign_in")


class ExpiringCounters:
    """A counter begins with the first `add` of its key and expires `seconds` later; further adds do not extend it."""

    def __init__(self, client: redis.Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis, self._clock = client, clock
        self._kept: dict[str, tuple[int, float]] = {}  # key -> count, expiry
        self._lock = threading.Lock()
        self._away_until = float("-inf")
        self._away = Incident("redis", "each process limits sign-ins by itself")

    @property
    def kept(self) -> int:
        """The number of counters in this process."""
        return len(self._kept)

    def add(self, keys: Sequence[str], seconds: int) -> list[tuple[int, int]]:
        """Add one to each counter. Returns each count with the seconds until it expires, at least 1."""
        return self._add(keys, seconds, 1)

    def take_back(self, keys: Sequence[str], seconds: int) -> None:
        self._add(keys, seconds, -1)

    def has(self, key: str) -> bool:
        found = self._try_redis(lambda: bool(self._redis.exists(key)))
        return self._local_count(key) > 0 if found is None else found

    def keep(self, key: str, seconds: int) -> None:
        if self._try_redis(lambda: bool(self._redis.set(key, 1, ex=seconds))) is None:
            self._add_locally(key, seconds, 1)

    def forget(self, key: str) -> None:
        if self._try_redis(lambda: self._redis.delete(key)) is None:
            self._kept.pop(key, None)

    def _add(self, keys: Sequence[str], seconds: int, step: int) -> list[tuple[int, int]]:
        found = self._try_redis(lambda: self._add_in_redis(keys, seconds, step))
        return [self._add_locally(key, seconds, step) for key in keys] if found is None else found

    def _add_in_redis(self, keys: Sequence[str], seconds: int, step: int) -> list[tuple[int, int]]:
        with self._redis.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.set(key, 0, ex=seconds, nx=True)
                pipe.incrby(key, step)
                pipe.ttl(key)
            answers = pipe.execute()
        return [(answers[n + 1], max(1, answers[n + 2])) for n in range(0, len(answers), 3)]

    def _try_redis(self, command: Callable[[], Any]) -> Any:
        """The result of `command`; None while Redis is away."""
        if self._clock() < self._away_until:
            return None
        try:
            answer = command()
        except redis.RedisError as error:
            self._away.fault(log, "sign-in limit", error)
            self._away_until = self._clock() + AWAY_SECONDS
            return None
        self._away.over(log)
        return answer

    def _add_locally(self, key: str, seconds: int, step: int) -> tuple[int, int]:
        with self._lock:
            if len(self._kept) >= MAX_KEPT and key not in self._kept:
                self._kept.clear()
            now = self._clock()
            count, expires = self._kept.get(key, (0, 0.0))
            if expires <= now:
                count, expires = 0, now + seconds
            self._kept[key] = (count + step, expires)
            return count + step, max(1, round(expires - now))

    def _local_count(self, key: str) -> int:
        count, expires = self._kept.get(key, (0, 0.0))
        return count if expires > self._clock() else 0
