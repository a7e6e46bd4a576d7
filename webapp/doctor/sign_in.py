"""Check of sign-in: no insecure network, the proxy in front is configured, and a new password ends sessions."""

from __future__ import annotations

from collections.abc import Iterator

from ..accounts import proxy_warning
from ..config import network
from .finding import Finding, ok, warn
from .system import System

_TRIGGER = """
SELECT tgenabled IN ('O', 'A') AS enabled FROM pg_trigger
WHERE tgrelid = to_regclass('users') AND tgname = 'users_updated'
"""


def check(system: System) -> Iterator[Finding]:
    if system.insecure:
        yield warn(system.insecure, network.HOW_TO)
    if not any(row["enabled"] for row in system.rows(_TRIGGER)):
        yield warn(
            "the trigger users_updated on users is missing or disabled, so a new password ends no session",
            "ALTER TABLE users ENABLE TRIGGER users_updated; or restore it from migrations/schema.sql.",
        )
    with system.redis() as client:
        peer = client.get(proxy_warning.KEY)
    if peer is not None:
        yield warn(
            f"all clients appear as one: X-Forwarded-For came from {peer.decode(errors='replace')[:60]!r} within a day, "
            "and TRUSTED_PROXIES is 0",
            "Set TRUSTED_PROXIES to the number of proxies in front of the web processes. This warning ends a day after the "
            "last such request.",
        )
    yield ok("no insecure network; clients have their own addresses")
