"""From a verified person of a provider to a user of the tenant: found by the subject, linked once by the e-mail, or made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

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
from . import identities
from .connections import TenantConnection
from .errors import PersonRefused, ProviderFault
from .identities import BY, Person

ADMIN = "admin"


class Admitted(NamedTuple):
    """The user who signs in, as committed, and whether the name or the e-mail address was changed."""

    user: User
    is_renamed: bool


def admit(connection: TenantConnection, claims: Mapping[str, Any]) -> Admitted:
    """The user who signs in, with the role of the rules. Raises PersonRefused and ProviderFault.

    A user of another tenant is never returned, whatever the provider sends: a tenant's admin chooses the provider.
    """
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject or len(subject) > SUBJECT_MAX_CHARS or "\0" in subject:
        raise ProviderFault(_("Your company's sign-in sent an identity that is not valid."), "subject not valid")
    email = claim_rules.verified_email(claims, connection.issuer)
    try:
        _check_domain(connection, email)
        person = Person(connection.issuer, subject, email, claim_rules.sent_name(claims))
        return _admit_once_more(connection, claims, person)
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


def _admit_once_more(connection: TenantConnection, claims: Mapping[str, Any], person: Person) -> Admitted:
    try:
        return _admit(connection, claims, person)
    except IntegrityError:
        # In another tab the same person has signed in for the first time, or another one has taken the address.
        return _admit(connection, claims, person)


def _admit(connection: TenantConnection, claims: Mapping[str, Any], person: Person) -> Admitted:
    role = claim_rules.role_of(claims, connection.settings.rules, connection.settings.default_role)
    with Session(db.engine, expire_on_commit=False) as session:
        user = identities.linked_user(session, connection.tenant_id, person)
        user = user or _by_email(session, connection, person.email)
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
            user = _make(session, connection, person, role)
        elif connection.settings.rules and user.role != role:
            _change_role(session, user, role)
        is_renamed = identities.link_or_follow(session, user, person)
        session.flush()
        # A trigger has moved `sessions_from` with the role.
        session.refresh(user)
        session.commit()
        return Admitted(user, is_renamed)


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


def _make(session: Session, connection: TenantConnection, person: Person, role: str) -> User:
    name = person.name or claim_rules.name_from(person.email)
    user = User(tenant_id=connection.tenant_id, email=person.email, name=name, role=role)
    session.add(user)
    session.flush()
    details = {"role": role, "by": BY, "person": {"email": person.email, "name": name}}
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
    _record(session, Kind.ROLE_CHANGED, user, {"from": user.role, "to": role, "by": BY})
    user.role = role


def _record(session: Session, kind: Kind, user: User, details: Mapping[str, Any]) -> None:
    record(session, kind, tenant_id=user.tenant_id, actor_id=user.id, subject_id=user.id, details=details)
