"""Whether a request shows the METRICS_TOKEN."""

from __future__ import annotations

import hmac

HELP = "Send the header Authorization: Bearer, with the METRICS_TOKEN of this Doorbell.\n"


def allows(authorization: str, token: str) -> bool:
    """`authorization` is the header as it came, "" where there was none."""
    scheme, _, shown = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())
