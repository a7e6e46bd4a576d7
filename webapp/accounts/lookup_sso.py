"""Queries of single sign-on that run before the tenant of a request is known, or across tenants.

Functions of the database answer them (migrations/sql/0035_tenancy.sql).
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..models import SsoConnection


class FoundUser(NamedTuple):
    """A user of any tenant."""

    id: int
    tenant_id: int


def tenant_of_domain(session: Session, domain: str) -> int | None:
    """The tenant with a connection whose people have addresses of this domain."""
    return session.scalar(select(func.tenancy_of_sso_domain(domain)))


def tenant_with_domain(session: Session, domain: str) -> str | None:
    """The slug of the tenant that has this domain, with or without a connection. For operators."""
    return session.scalar(select(func.tenancy_slug_of_sso_domain(domain)))


def user_with_email(session: Session, email: str) -> FoundUser | None:
    """The user of any tenant with this e-mail address, in any case."""
    user = func.tenancy_user_of_email(email).table_valued("id", "tenant_id")
    found = session.execute(select(user)).first()
    return FoundUser(*found) if found else None


def must_use_sso(session: Session, tenant_id: int) -> bool:
    """Whether passwords are off for the users of the tenant that was entered, admins excepted."""
    statement = select(SsoConnection.passwords_off).where(SsoConnection.tenant_id == tenant_id)
    return bool(session.scalar(statement))


def has_connection(session: Session) -> bool:
    """Whether any tenant has single sign-on, so that the sign-in page offers it."""
    return bool(session.scalar(select(func.tenancy_has_sso())))


def only_tenant(session: Session) -> int | None:
    """The tenant of an installation for one company, if it has a connection and a domain; None with more tenants."""
    return session.scalar(select(func.tenancy_only_sso()))
