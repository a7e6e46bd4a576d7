"""Changes to existing tenants and users. Each is one transaction; on AccountError nothing is changed.

A trigger ends a user's sessions when any program changes the password or the role, or disables the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..language import locales
from ..models import Order, PasswordReset, RollupRebuild, Tenant, User
from . import admin, passwords
from .admin import AccountError


def set_password(email: str, password: str) -> None:
    """Change the password and end the user's sessions."""
    with Session(db.engine) as session:
        user = admin.require_user(session, email)
        tenant = session.get_one(Tenant, user.tenant_id)
        passwords.check_new(password, user.email, user.name, tenant.name, tenant.slug)
        user.password_hash = passwords.hash_password(password)
        record(session, Kind.PASSWORD_CHANGED, tenant_id=user.tenant_id, subject_id=user.id)
        session.commit()


def disable(email: str) -> bool:
    """Disable the user and end their sessions. Returns False if the user was already disabled."""
    with Session(db.engine) as session:
        user = admin.require_user(session, email)
        if user.disabled_at is not None:
            return False
        user.disabled_at = func.now()
        record(session, Kind.USER_DISABLED, tenant_id=user.tenant_id, subject_id=user.id)
        session.commit()
        return True


def enable(email: str) -> tuple[bool, bool]:
    """Enable the user. Returns whether that changed anything, and whether the user has a password."""
    with Session(db.engine) as session:
        user = admin.require_user(session, email)
        changed, has_password = user.disabled_at is not None, user.password_hash is not None
        user.disabled_at = None
        if changed:
            record(session, Kind.USER_ENABLED, tenant_id=user.tenant_id, subject_id=user.id)
        session.commit()
        return changed, has_password


def sign_out(email: str) -> None:
    """End all sessions of the user."""
    with Session(db.engine) as session:
        user = admin.require_user(session, email)
        record(session, Kind.SESSIONS_ENDED, tenant_id=user.tenant_id, subject_id=user.id)
        user.sessions_from = func.clock_timestamp()
        session.commit()


def set_role(email: str, role: str) -> bool:
    """Change the role and end the user's sessions. Returns False if the user already has that role."""
    admin.check_role(role)
    with Session(db.engine) as session:
        user = admin.require_user(session, email)
        if user.role == role:
            return False
        details = {"from": user.role, "to": role}
        user.role = role
        record(session, Kind.ROLE_CHANGED, tenant_id=user.tenant_id, subject_id=user.id, details=details)
        session.commit()
        return True


def set_language(email: str, language: str | None) -> None:
    """Change the language of the user's pages; None is the one that the browser asks for."""
    if language is not None and language not in locales.LANGUAGES:
        known = ", ".join(locales.LANGUAGES)
        raise AccountError(f"The language {language!r} is not known. Use one of: {known}.")
    with Session(db.engine) as session:
        user = admin.require_user(session, email)
        details = {"changes": {"language": [user.language, language]}}
        user.language = language
        record(session, Kind.SETTINGS_CHANGED, tenant_id=user.tenant_id, subject_id=user.id, details=details)
        session.commit()


def rename_user(email: str, name: str | None, new_email: str | None) -> int:
    """Change the user's name, the e-mail to sign in with, or both. Returns the tenant's id."""
    if name is not None:
        admin.check_name("user", name)
    if new_email is not None:
        admin.check_email(new_email)
    with Session(db.engine) as session:
        user = admin.require_user(session, email)
        before = user.name, user.email
        user.name = user.name if name is None else name.strip()
        user.email = user.email if new_email is None else new_email.strip()
        try:
            session.flush()
            if user.email != before[1]:
                # Links for a new password are in the mailbox of the former address.
                session.execute(delete(PasswordReset).where(PasswordReset.user_id == user.id))
            record_renaming(session, user, *before)
            session.commit()
        except IntegrityError:
            raise AccountError(f"Another user has the e-mail address {new_email!r}. Choose another one.") from None
        return user.tenant_id


def record_renaming(session: Session, user: User, name: str, email: str, by: str = "") -> None:
    """Record a change of the name and the e-mail, whose former values are given. Nothing is recorded without one.

    `by` names a sign-in that changed them: then the actor is the user, who is not signed in yet.
    """
    pairs = {"name": (name, user.name), "email": (email, user.email)}
    changed = {key: [before, now] for key, (before, now) in pairs.items() if before != now}
    if changed:
        details: dict[str, Any] = {"person": changed} | ({"by": by} if by else {})
        actor_id = user.id if by else None
        record(
            session,
            Kind.USER_RENAMED,
            tenant_id=user.tenant_id,
            actor_id=actor_id,
            subject_id=user.id,
            details=details,
        )


@dataclass(frozen=True)
class TenantChange:
    """New values for a tenant; None keeps a value."""

    name: str | None = None
    timezone: str | None = None
    locale: str | None = None
    currency: str | None = None
    shows_ranking: bool | None = None
    team_visible: bool | None = None

    def check(self) -> None:
        """Raises AccountError for the first fault."""
        if self.name is not None:
            admin.check_name("tenant", self.name)
        if self.timezone is not None:
            admin.check_timezone(self.timezone)
        if self.locale is not None:
            admin.check_locale(self.locale)
        if self.currency is not None:
            admin.check_currency(self.currency)

    def wanted(self) -> dict[str, str | bool]:
        """The new values by column, without surrounding spaces."""
        values = {name: value for name, value in self.__dict__.items() if value is not None}
        return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


@dataclass(frozen=True)
class ChangedTenant:
    """A changed tenant; `changed` has the names of the values that differ from before."""

    id: int
    changed: tuple[str, ...]


def change_tenant(slug: str, change: TenantChange) -> ChangedTenant:
    change.check()
    with Session(db.engine) as session:
        tenant = admin.require_tenant(session, slug)
        changed = set_values(session, tenant, change.wanted())
        try:
            session.commit()
        except IntegrityError:
            # An order was placed meanwhile: a foreign key ties its currency to the tenant's.
            raise _has_orders(slug) from None
        return ChangedTenant(tenant.id, changed)


def set_values(session: Session, tenant: Tenant, wanted: Mapping[str, str | bool]) -> tuple[str, ...]:
    """Set these columns in the open transaction. Returns the names of those that differ from before.

    A new time zone requests a rebuild of the rollups (rollups/rebuilds.py) in the same transaction.
    """
    changed = tuple(name for name, value in wanted.items() if getattr(tenant, name) != value)
    if "currency" in changed:
        _check_no_orders(session, tenant)
    if changed:
        details = {"changes": {name: [getattr(tenant, name), wanted[name]] for name in changed}}
        record(session, Kind.SETTINGS_CHANGED, tenant_id=tenant.id, details=details)
    for name in changed:
        setattr(tenant, name, wanted[name])
    if "timezone" in changed:
        request_rebuild(session, tenant.id)
    return changed


def request_rebuild(session: Session, tenant_id: int) -> None:
    """Request a rebuild of the tenant's rollups, also in place of one that is open or failed."""
    row: dict[str, Any] = {
        "requested_at": func.clock_timestamp(),
        "started_at": None,
        "finished_at": None,
        "problem": None,
    }
    row |= {"attempts": 0, "hours_done": 0, "hours_total": 0}
    statement = insert(RollupRebuild).values(tenant_id=tenant_id)
    session.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=row))


def _check_no_orders(session: Session, tenant: Tenant) -> None:
    if session.scalar(select(Order.id).where(Order.tenant_id == tenant.id).limit(1)) is not None:
        raise _has_orders(tenant.slug, tenant.currency)


def _has_orders(slug: str, currency: str | None = None) -> AccountError:
    seen = f" in {currency}" if currency else ""
    return AccountError(
        f"The tenant {slug!r} has orders{seen}, so its currency cannot change: amounts are not converted. "
        "Create another tenant for the other currency with: flask tenant create"
    )
