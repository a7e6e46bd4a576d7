"""The users who manage a destination, as a condition of SQL."""

from __future__ import annotations

from ..accounts.permissions import Permission, roles_with

_ROLES = ", ".join(f"'{role}'" for role in roles_with(Permission.MANAGE_RELAY))

# Of users u, by the destination's %(tenant)s, which is NULL for all tenants. A destination of all tenants is shown only where
# there is one tenant (destinations.visible).
SEE_DESTINATION = f"""
u.role IN ({_ROLES}) AND u.disabled_at IS NULL AND CASE WHEN %(tenant)s::bigint IS NULL
    THEN NOT EXISTS (SELECT FROM tenants t WHERE t.id <> u.tenant_id) ELSE u.tenant_id = %(tenant)s END
"""
