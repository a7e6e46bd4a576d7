"""The users of the demo, whom the sign-in page lets in without a password in demo mode."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..db import db
from ..models import Tenant, User
from . import tenant_lookup

SLUG = "demo"


def demo_user(role: str) -> User | None:
    """The first enabled user of the tenant `demo` with this role; None if there is no such user."""
    tenant_lookup.enter_by_slug(SLUG)
    statement = select(User).join(Tenant, Tenant.id == User.tenant_id)
    statement = statement.where(Tenant.slug == SLUG, User.role == role, User.disabled_at.is_(None))
    with Session(db.engine) as reading:
        return reading.scalars(statement.order_by(User.id).limit(1)).one_or_none()
