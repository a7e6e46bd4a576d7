"""The rate limiter: counts per window of time, shared by all processes in Redis, or local to this process while Redis is away.

Limits, windows and keys are those of the library `limits`. Flask-Limiter, which is built on it, is not used, because sign-ins
need more than it has: an attempt counts before its password is checked and is taken back afterwards, a limit delays instead of
refusing, and the local counters are bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis
from limits import RateLimitItem
from limits.storage import RedisStorage, Storage

from ..observability import logs
from ..observability.incidents import Incident
from .local_storage import LocalStorage

AWAY_SECONDS = 5.0  # between two attempts to reach Redis

log = logs.get("rate_limit")

T = TypeVar("T")


class RateLimiter:
    """Counts hits of named clients. A window begins with its first hit; further hits do not extend it.

    `prefix` begins the keys in Redis. `meanwhile` is the text of the log while Redis is away.
    """

    def __init__(
        self, client: redis.Redis, prefix: str, meanwhile: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared = RedisStorage("redis://", connection_pool=client.connection_pool, key_prefix=prefix)
        self._local = LocalStorage(clock)
        self._clock = clock
        self._away_until = float("-inf")
        self._away = Incident("redis", meanwhile)

    @property
    def kept(self) -> int:
        """The number of counters in this process."""
        return len(self._local)

    def hit(self, limit: RateLimitItem, *client: str) -> int:
        """Count a hit. Returns the number of hits in the window; more than `limit.amount` are over the limit."""
        return self._change(limit, client, 1)

    def take_back(self, limit: RateLimitItem, *client: str) -> None:
        """Uncount a hit."""
        self._change(limit, client, -1)

    def hits(self, limit: RateLimitItem, *client: str) -> int:
        """The number of hits in the window."""
        key = limit.key_for(*client)
        return self._on_storage(lambda storage: storage.get(key))

    def seconds_left(self, limit: RateLimitItem, *client: str) -> int:
        """The seconds until the window ends, at least 1."""
        key = limit.key_for(*client)
        return max(1, round(self._on_storage(lambda storage: storage.get_expiry(key)) - time.time()))

    def forget(self, limit: RateLimitItem, *client: str) -> None:
        """End the window."""
        key = limit.key_for(*client)
        self._on_storage(lambda storage: storage.clear(key))

    def _change(self, limit: RateLimitItem, client: tuple[str, ...], step: int) -> int:
        key, seconds = limit.key_for(*client), limit.get_expiry()
        return self._on_storage(lambda storage: storage.incr(key, seconds, step))

    def _on_storage(self, do: Callable[[Storage], T]) -> T:
        """The result of `do`, in Redis or in this process."""
        if self._clock() < self._away_until:
            return do(self._local)
        try:
            answer = do(self._shared)
        except redis.RedisError as error:
            self._away.fault(log, "rate limit", error)
            self._away_until = self._clock() + AWAY_SECONDS
            return do(self._local)
        self._away.over(log)
        return answer
