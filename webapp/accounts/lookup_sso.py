"""Queries of single sign-on that run before the tenant of a request is known, or across tenants. Each is one statement."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..models import SsoConnection, SsoDomain, Tenant, User

_SAME_TENANT = SsoConnection.tenant_id == SsoDomain.tenant_id


class FoundUser(NamedTuple):
    """A user of any tenant."""

    id: int
    tenant_id: int


def tenant_of_domain(session: Session, domain: str) -> int | None:
    """The tenant with a connection whose people have addresses of this domain."""
    statement = select(SsoDomain.tenant_id).join(SsoConnection, _SAME_TENANT)
    return session.scalar(statement.where(SsoDomain.domain == domain))


def tenant_with_domain(session: Session, domain: str) -> str | None:
    """The slug of the tenant that has this domain, with or without a connection. For operators."""
    statement = select(Tenant.slug).join(SsoDomain, SsoDomain.tenant_id == Tenant.id)
    return session.scalar(statement.where(SsoDomain.domain == domain))


def user_with_email(session: Session, email: str) -> FoundUser | None:
    """The user of any tenant with this e-mail address, in any case."""
    found = session.execute(select(User.id, User.tenant_id).where(func.lower(User.email) == email.lower())).first()
    return FoundUser(*found) if found else None


def must_use_sso(session: Session, tenant_id: int) -> bool:
    """Whether passwords are off for the tenant's users, admins excepted."""
    statement = select(SsoConnection.passwords_off).where(SsoConnection.tenant_id == tenant_id)
    return bool(session.scalar(statement))


def has_connection(session: Session) -> bool:
    """Whether any tenant has single sign-on, so that the sign-in page offers it."""
    return session.scalar(select(SsoDomain.tenant_id).join(SsoConnection, _SAME_TENANT).limit(1)) is not None


def only_tenant(session: Session) -> int | None:
    """The tenant of an installation for one company, if it has a connection and a domain; None with more tenants."""
    tenants = session.scalars(select(Tenant.id).limit(2)).all()
    has_domain = select(SsoDomain.tenant_id).where(SsoDomain.tenant_id == SsoConnection.tenant_id).exists()
    statement = select(SsoConnection.tenant_id).where(has_domain)
    return session.scalar(statement) if len(tenants) == 1 else None
