"""Announces the new name of a user: it stands in the panels of the whole team, and in the header of the user's own pages."""

from __future__ import annotations

from ..services import services
from ..signals import notices


def announce(tenant_id: int, user_id: int) -> None:
    client = services().redis
    services().users.forget_tenant(tenant_id)
    notices.tenant_changed(client, tenant_id)
    notices.user_changed(client, tenant_id, user_id)
