"""Where passkeys of this request's host belong."""

from __future__ import annotations

from flask import request

from ..second_factor.relying_party import RelyingParty, relying_party
from ..services import services

# The key of the session that has the challenge.
CHALLENGE = "_challenge"


def party() -> RelyingParty | None:
    """None if the browser can use no passkey at this address."""
    # Not host_url, which raises ValueError when a proxy has passed on a scheme that is not valid.
    return relying_party(f"{request.scheme}://{request.host}/", services().config.passkey_domain)
