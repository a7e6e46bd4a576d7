"""The limit of requests with unknown tokens per client. A TV with a valid token is never counted."""

from __future__ import annotations

import redis
from limits import RateLimitItemPerSecond

from ..rate_limit.limiter import RateLimiter

MAX_REQUESTS = 60
WINDOW_SECONDS = 900
_LIMIT = RateLimitItemPerSecond(MAX_REQUESTS, WINDOW_SECONDS, "tv")


class UnknownTvLimit:
    """Counts requests in Redis or, while it is away, in this process."""

    def __init__(self, client: redis.Redis) -> None:
        self._limiter = RateLimiter(client, "tv", "each process limits unknown TV links by itself")

    def wait(self, client: str) -> int:
        """Count one request of this client. Returns the seconds for which it has to wait, 0 if it may ask again."""
        if self._limiter.hit(_LIMIT, client) <= MAX_REQUESTS:
            return 0
        return self._limiter.seconds_left(_LIMIT, client)
