"""The secrets that sign a webhook: the current one, and for a day after its replacement the former one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ..webhooks.signature import make_secret, parse_secret

CURRENT, FORMER, FORMER_UNTIL = "signing", "former_signing", "former_until"
OVERLAP = timedelta(hours=24)


def new_signing(secret: str | None = None) -> dict[str, str]:
    """The secrets of a new webhook: the given one, or a random one. Raises webhooks.signature.InvalidSecret."""
    if secret is not None:
        parse_secret(secret)
    return {CURRENT: secret or make_secret()}


def rotated(secrets: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The secrets with a new current one; the former one signs too for OVERLAP."""
    changed = {**secrets, CURRENT: make_secret()}
    if CURRENT in secrets:
        changed |= {FORMER: secrets[CURRENT], FORMER_UNTIL: (now + OVERLAP).isoformat()}
    return changed


def signing_secrets(secrets: Mapping[str, str], now: datetime) -> list[str]:
    """The secrets to sign with now, the current one first."""
    former_until = secrets.get(FORMER_UNTIL)
    is_overlap = former_until is not None and now < datetime.fromisoformat(former_until)
    return [secrets[CURRENT], *([secrets[FORMER]] if is_overlap else [])]
