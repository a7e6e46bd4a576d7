"""The check of METRICS_TOKEN in the Authorization header."""

from __future__ import annotations

import hmac

HELP = "Send the header Authorization: Bearer with this Doorbell's METRICS_TOKEN.\n"


def allows(authorization: str, token: str) -> bool:
    """Whether the header `authorization` carries `token`. The header is "" where the request has none."""
    scheme, _, shown = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())
