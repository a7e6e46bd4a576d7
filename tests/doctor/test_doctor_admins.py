"""`flask doctor`, line `admins`: whether each tenant has a user who can manage it."""

from __future__ import annotations

from ..support.doctor import examined
from ..support.world import Service, World


def test_tenants_without_an_active_admin_are_named(service: Service, world: World) -> None:
    world.tenant("empty")
    good, demoted, disabled = (world.tenant(slug) for slug in ("good", "demoted", "disabled"))
    for tenant in (good, disabled):
        world.user(tenant, "Ada Admin", role="admin")
    for tenant in (good, demoted, disabled):
        world.user(tenant, "Mia Manager", role="manager")
    world.conn.execute("UPDATE users SET disabled_at = now() WHERE role = 'admin' AND tenant_id = %s", [disabled])
    examined(service).says("admins", "warn", "no active admin in demoted, disabled:", "flask user role EMAIL admin")
    world.conn.execute("UPDATE users SET role = 'admin' WHERE role = 'manager'")
    examined(service).says("admins", "ok", "each tenant has an active admin")
