"""The limits of changes and searches per minute, of one user and of all users of a tenant.

They stop a script or a stuck key, not a person. Requests that run at once have limits of their own (webapp/concurrency/).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import redis
from limits import RateLimitItemPerMinute

from .limiter import RateLimiter


class RequestKind(StrEnum):
    """A kind of request. Each has counters of its own."""

    CHANGE = "change"
    SEARCH = "search"


class Scope(StrEnum):
    """Whose requests are counted."""

    USER = "user"
    TENANT = "tenant"


# Per minute. A page with a search refetches its list at most twice per second while orders change.
MAX_REQUESTS = {
    (RequestKind.CHANGE, Scope.USER): 120,
    (RequestKind.CHANGE, Scope.TENANT): 1_200,
    (RequestKind.SEARCH, Scope.USER): 300,
    (RequestKind.SEARCH, Scope.TENANT): 3_000,
}
_LIMITS = {key: RateLimitItemPerMinute(most, namespace="-".join(key)) for key, most in MAX_REQUESTS.items()}


class Refusal(NamedTuple):
    """The limit that a request is over: `most` requests per minute of this scope, free again in `wait` seconds."""

    scope: Scope
    most: int
    wait: int


class RequestLimits:
    """Counts requests in Redis or, while it is away, in this process."""

    def __init__(self, client: redis.Redis) -> None:
        self._limiter = RateLimiter(client, "requests", "each process limits changes and searches by itself")

    def count(self, kind: RequestKind, tenant_id: int, user_id: int) -> Refusal | None:
        """Count one request. Returns the limit that it is over, the user's before the tenant's; None if it may run.

        A request over the user's limit does not count for the tenant, so one user cannot stop the colleagues.
        """
        for scope, counted in ((Scope.USER, user_id), (Scope.TENANT, tenant_id)):
            limit = _LIMITS[kind, scope]
            if self._limiter.hit(limit, str(counted)) > limit.amount:
                return Refusal(scope, limit.amount, self._limiter.seconds_left(limit, str(counted)))
        return None
