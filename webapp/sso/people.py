"""From a verified person of a provider to a user of the tenant: found by the subject, linked once by the e-mail, or made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts import lookup_sso
from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..language import gettext as _
from ..models import SUBJECT_MAX_CHARS, SsoIdentity, Tenant, User
from . import claims as claim_rules
from .connections import TenantConnection
from .errors import PersonRefused, ProviderFault

ADMIN = "admin"


def admit(connection: TenantConnection, claims: Mapping[str, Any]) -> User:
    """The user who signs in, with the role of the rules, as committed. Raises PersonRefused and ProviderFault.

    A user of another tenant is never returned, whatever the provider sends: a tenant's admin chooses the provider.
    """
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject or len(subject) > SUBJECT_MAX_CHARS or "\0" in subject:
        raise ProviderFault(_("Your company's sign-in sent an identity that is not valid."), "subject not valid")
    email = claim_rules.verified_email(claims, connection.issuer)
    try:
        _check_domain(connection, email)
        return _admit_once_more(connection, claims, subject, email)
    except PersonRefused as refused:
        refused.email = email
        raise


def _check_domain(connection: TenantConnection, email: str) -> None:
    if claim_rules.domain_of(email) not in connection.domains:
        raise PersonRefused(
            _(
                "The address %(email)s does not belong to a domain of your company. Sign in with your work address, or ask "
                "your Doorbell administrator to add the domain.",
                email=email,
            ),
            "domain not of the tenant",
        )


def _admit_once_more(connection: TenantConnection, claims: Mapping[str, Any], subject: str, email: str) -> User:
    try:
        return _admit(connection, claims, subject, email)
    except IntegrityError:
        # The same person has signed in for the first time in another tab at the same moment.
        return _admit(connection, claims, subject, email)


def _admit(connection: TenantConnection, claims: Mapping[str, Any], subject: str, email: str) -> User:
    role = claim_rules.role_of(claims, connection.settings.rules, connection.settings.default_role)
    with Session(db.engine, expire_on_commit=False) as session:
        user = _linked(session, connection, subject) or _by_email(session, connection, email)
        if user is not None and user.disabled_at is not None:
            raise PersonRefused(
                _("Your account is disabled. Ask your Doorbell administrator to enable it."), "disabled"
            )
        if role is None:
            raise PersonRefused(
                _(
                    "Your company's sign-in knows you, but you have no access to Doorbell. Ask your Doorbell administrator for "
                    "access."
                ),
                "no access by the rules",
            )
        if user is None:
            user = _make(session, connection, claims, email, role)
        elif connection.settings.rules and user.role != role:
            _change_role(session, user, role)
        _link(session, connection, user, subject)
        session.flush()
        # A trigger has moved `sessions_from` with the role.
        session.refresh(user)
        session.commit()
        return user


def _linked(session: Session, connection: TenantConnection, subject: str) -> User | None:
    mine = select(SsoIdentity.user_id).where(
        SsoIdentity.tenant_id == connection.tenant_id,
        SsoIdentity.issuer == connection.issuer,
        SsoIdentity.subject == subject,
    )
    statement = select(User).where(User.tenant_id == connection.tenant_id, User.id == mine.scalar_subquery())
    return session.scalar(statement.with_for_update())


def _by_email(session: Session, connection: TenantConnection, email: str) -> User | None:
    """The user with this address who is not linked yet, or was linked to an earlier provider of the tenant."""
    found = lookup_sso.user_with_email(session, email)
    if found is None:
        return None
    if found.tenant_id != connection.tenant_id:
        raise PersonRefused(
            _(
                "The address %(email)s belongs to an account of another company in Doorbell, and an address signs in to one "
                "company. Ask your Doorbell administrator to change the address of that account.",
                email=email,
            ),
            "e-mail of another tenant",
        )
    known = session.get(SsoIdentity, (connection.tenant_id, found.id))
    if known is not None and known.issuer == connection.issuer:
        raise _another_person(email)
    user = session.get(User, found.id, with_for_update=True)
    # PostgreSQL's lower() equates some letters of two mailboxes: "İ" and "i".
    if user is not None and user.email.lower() != email.lower():
        raise _another_person(email)
    return user


def _another_person(email: str) -> PersonRefused:
    text = _(
        "The address %(email)s belongs to another person in your company's sign-in than before. If it is you, ask "
        "your Doorbell administrator to unlink the earlier account.",
        email=email,
    )
    return PersonRefused(text, "subject differs")


def _make(session: Session, connection: TenantConnection, claims: Mapping[str, Any], email: str, role: str) -> User:
    name = claim_rules.name_of(claims, email)
    user = User(tenant_id=connection.tenant_id, email=email, name=name, role=role)
    session.add(user)
    session.flush()
    details = {"role": role, "by": "single sign-on", "person": {"email": email, "name": name}}
    _record(session, Kind.USER_CREATED, user, details)
    return user


def _change_role(session: Session, user: User, role: str) -> None:
    """Follow the rules, except that the last admin stays one: without any, the tenant could not change its rules."""
    if user.role == ADMIN:
        # Two admins who lose the role at the same moment wait for each other here.
        session.get(Tenant, user.tenant_id, with_for_update={"key_share": True})
        others = select(func.count()).where(
            User.tenant_id == user.tenant_id, User.role == ADMIN, User.disabled_at.is_(None), User.id != user.id
        )
        if not session.scalar(others):
            return
    _record(session, Kind.ROLE_CHANGED, user, {"from": user.role, "to": role, "by": "single sign-on"})
    user.role = role


def _link(session: Session, connection: TenantConnection, user: User, subject: str) -> None:
    """Store the subject at the first sign-in through this issuer."""
    known = session.get(SsoIdentity, (connection.tenant_id, user.id))
    if known is not None and (known.issuer, known.subject) == (connection.issuer, subject):
        return
    if known is None:
        known = SsoIdentity(tenant_id=connection.tenant_id, user_id=user.id)
        session.add(known)
    known.issuer, known.subject, known.linked_at = connection.issuer, subject, func.now()


def _record(session: Session, kind: Kind, user: User, details: Mapping[str, Any]) -> None:
    record(session, kind, tenant_id=user.tenant_id, actor_id=user.id, subject_id=user.id, details=details)
