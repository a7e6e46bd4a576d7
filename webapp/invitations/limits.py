"""Limits of invitations per tenant, and of requests with unknown links per client."""

from __future__ import annotations

import redis
from limits import RateLimitItemPerSecond

from ..rate_limit.limiter import RateLimiter

# An invitation sends mail, and its answer shows whether an address has an account.
MAX_INVITATIONS = 60
INVITATIONS_SECONDS = 3600
MAX_UNKNOWN = 60
UNKNOWN_SECONDS = 900
_INVITATIONS = RateLimitItemPerSecond(MAX_INVITATIONS, INVITATIONS_SECONDS, "invitations")
_UNKNOWN = RateLimitItemPerSecond(MAX_UNKNOWN, UNKNOWN_SECONDS, "unknown")


class InvitationLimits:
    """Counts in Redis or, while it is away, in this process."""

    def __init__(self, client: redis.Redis) -> None:
        self._limiter = RateLimiter(client, "invitations", "each process limits invitations by itself")

    def wait_to_invite(self, tenant_id: int) -> int:
        """Count an invitation of this tenant. Returns the seconds for which it has to wait, 0 if it may be made."""
        return self._wait(_INVITATIONS, str(tenant_id))

    def wait_after_unknown(self, client: str) -> int:
        """Count a request of this client with an unknown link. Returns the seconds for which it has to wait."""
        return self._wait(_UNKNOWN, client)

    def _wait(self, limit: RateLimitItemPerSecond, name: str) -> int:
        return self._limiter.seconds_left(limit, name) if self._limiter.hit(limit, name) > limit.amount else 0
