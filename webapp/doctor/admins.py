"""Check that each tenant has an active admin, who alone manages users, sign-in, privacy and the relay."""

from __future__ import annotations

from collections.abc import Iterator

from ..accounts.permissions import Permission, roles_with
from .finding import Finding, ok, warn
from .system import System

SHOWN = 5

# A tenant without users is one that was made and is not in use yet.
_WITHOUT = """
SELECT t.slug FROM tenants t
WHERE EXISTS (SELECT FROM users u WHERE u.tenant_id = t.id AND u.disabled_at IS NULL)
    AND NOT EXISTS (
        SELECT FROM users u WHERE u.tenant_id = t.id AND u.disabled_at IS NULL AND u.role = ANY (%(roles)s))
ORDER BY t.id
"""


def check(system: System) -> Iterator[Finding]:
    slugs = [row["slug"] for row in system.rows(_WITHOUT, {"roles": list(roles_with(Permission.MANAGE_USERS))})]
    if slugs:
        more = f" and {len(slugs) - SHOWN} more" if len(slugs) > SHOWN else ""
        yield warn(
            f"no active admin in {', '.join(slugs[:SHOWN])}{more}: no one there manages users, sign-in and privacy",
            "flask user list, then: flask user role EMAIL admin; or flask user enable EMAIL",
        )
    yield ok("each tenant has an active admin")
