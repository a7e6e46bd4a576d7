"""How often a client begins single sign-on, and that an answer of a provider is taken once."""

from __future__ import annotations

import hashlib

import redis
from limits import RateLimitItemPerSecond

from ..accounts.sign_in_throttle import client_of
from ..observability import logs
from ..rate_limit.limiter import RateLimiter

# An office behind one address begins its day within minutes.
MAX_BEGUN = 300
WINDOW_SECONDS = 900
_LIMIT = RateLimitItemPerSecond(MAX_BEGUN, WINDOW_SECONDS, "sso")
# Longer than a begun sign-in is valid.
USED_SECONDS = 3600

log = logs.get("sso")


class SsoLimit:
    """Counts in Redis or, while it is away, in this process."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._limiter = RateLimiter(client, "sso", "each process limits single sign-on by itself")

    def wait(self, address: str) -> int:
        """Count one begun sign-in of this address. Returns the seconds for which its client has to wait, or 0."""
        client = client_of(address)
        if self._limiter.hit(_LIMIT, client) <= MAX_BEGUN:
            return 0
        return self._limiter.seconds_left(_LIMIT, client)

    def is_first_use(self, state: str) -> bool:
        """Whether this state was not used before. A late answer of another request can bring a used one back into the cookie.

        While Redis is away it is true: the provider takes a code once, too.
        """
        key = f"sso:used:{hashlib.sha256(state.encode()).hexdigest()}"
        try:
            return bool(self._redis.set(key, "1", nx=True, ex=USED_SECONDS))
        except redis.RedisError as error:
            log.warning("could not check for a repeated answer: redis is away", error=type(error).__name__)
            return True
