"""Counters that expire: in Redis for all processes, in this process while Redis is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis

from ..observability import logs
from ..observability.incidents import Incident

AWAY_SECONDS = 5.0  # between two tries of Redis while it is away
MAX_KEPT = 20_000  # counters in the process; then all begin again

log = logs.get("sign_in")


class ExpiringCounters:
    """A count begins with the first `add` of its key and ends `seconds` later, however often it is added to."""

    def __init__(self, client: redis.Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis, self._clock = client, clock
        self._kept: dict[str, tuple[int, float]] = {}  # key -> count, when it ends
        self._lock = threading.Lock()
        self._away_until = float("-inf")
        self._away = Incident("redis", "each process limits sign-ins by itself")

    @property
    def kept(self) -> int:
        """How many counters are in this process."""
        return len(self._kept)

    def add(self, keys: Sequence[str], seconds: int) -> list[tuple[int, int]]:
        """Add one to each; returns each count with the seconds until it ends, at least 1."""
        return self._add(keys, seconds, 1)

    def take_back(self, keys: Sequence[str], seconds: int) -> None:
        self._add(keys, seconds, -1)

    def has(self, key: str) -> bool:
        found = self._ask(lambda: bool(self._redis.exists(key)))
        return self._count(key) > 0 if found is None else found

    def keep(self, key: str, seconds: int) -> None:
        if self._ask(lambda: bool(self._redis.set(key, 1, ex=seconds))) is None:
            self._add_here(key, seconds, 1)

    def forget(self, key: str) -> None:
        if self._ask(lambda: self._redis.delete(key)) is None:
            self._kept.pop(key, None)

    def _add(self, keys: Sequence[str], seconds: int, step: int) -> list[tuple[int, int]]:
        found = self._ask(lambda: self._add_in_redis(keys, seconds, step))
        return [self._add_here(key, seconds, step) for key in keys] if found is None else found

    def _add_in_redis(self, keys: Sequence[str], seconds: int, step: int) -> list[tuple[int, int]]:
        with self._redis.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.set(key, 0, ex=seconds, nx=True)
                pipe.incrby(key, step)
                pipe.ttl(key)
            answers = pipe.execute()
        return [(answers[n + 1], max(1, answers[n + 2])) for n in range(0, len(answers), 3)]

    def _ask(self, command: Callable[[], Any]) -> Any:
        """What Redis answers; None while it is away."""
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

    def _add_here(self, key: str, seconds: int, step: int) -> tuple[int, int]:
        with self._lock:
            if len(self._kept) >= MAX_KEPT and key not in self._kept:
                self._kept.clear()
            now = self._clock()
            count, ends = self._kept.get(key, (0, 0.0))
            if ends <= now:
                count, ends = 0, now + seconds
            self._kept[key] = (count + step, ends)
            return count + step, max(1, round(ends - now))

    def _count(self, key: str) -> int:
        count, ends = self._kept.get(key, (0, 0.0))
        return count if ends > self._clock() else 0
