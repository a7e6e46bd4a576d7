"""The managers that see a destination, as a condition of SQL."""

from __future__ import annotations

# Of users u, by the destination's %(tenant)s, which is NULL for all tenants. A destination of all tenants is shown only where
# there is one tenant (destinations.visible).
SEE_DESTINATION = """
u.role = 'manager' AND u.disabled_at IS NULL AND CASE WHEN %(tenant)s::bigint IS NULL
    THEN NOT EXISTS (SELECT FROM tenants t WHERE t.id <> u.tenant_id) ELSE u.tenant_id = %(tenant)s END
"""
