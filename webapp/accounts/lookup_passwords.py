"""The user of a link for a new password. The tenant is known by the link only."""

from __future__ import annotations

import hashlib

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ..db import db
from ..models import PasswordReset, Tenant, User
from ..postgres import tenancy


def hash_of(token: str) -> bytes:
    """The hash of a token, which is stored in its place."""
    return hashlib.sha256(token.encode()).digest()


def enter(token: str) -> None:
    """Enter the tenant of a link, if there is such a link."""
    with Session(db.engine) as reading:
        tenant_id = reading.scalar(select(func.tenancy_of_password_reset(hash_of(token))))
    if tenant_id is not None:
        tenancy.enter(tenant_id)


def user_of(reading: Session, token: str) -> tuple[User, Tenant] | None:
    """The user and tenant of a link that is valid now."""
    row = reading.execute(_statement(token)).one_or_none()
    return (row[0], row[1]) if row else None


def _statement(token: str) -> Select[User, Tenant]:
    reset = PasswordReset
    statement = select(User, Tenant).join(Tenant, Tenant.id == User.tenant_id)
    statement = statement.join(reset, (reset.tenant_id == User.tenant_id) & (reset.user_id == User.id))
    valid = (reset.expires_at > func.now(), reset.sessions_from.is_not_distinct_from(User.sessions_from))
    return statement.where(reset.token_hash == hash_of(token), *valid, User.disabled_at.is_(None))
