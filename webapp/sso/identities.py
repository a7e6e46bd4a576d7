"""A user's account at the provider: linked at the first sign-in, then followed when the name or the e-mail address changes.

A value is taken over when it differs from the one that the provider sent before, not from the one in Doorbell. So a name that
an admin or the user has set in Doorbell stays until the name changes at the provider.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..accounts import changes, lookup_sso
from ..models import PasswordReset, SsoIdentity, User
from ..observability import logs

BY = "single sign-on"

log = logs.get("sso")


@dataclass(frozen=True)
class Person:
    """A person as the provider states it. `email` is verified and of the tenant; `name` is "" if it sends none."""

    issuer: str
    subject: str
    email: str
    name: str


def linked_user(session: Session, tenant_id: int, person: Person) -> User | None:
    """The user who signed in as this person before, locked."""
    mine = select(SsoIdentity.user_id).where(
        SsoIdentity.tenant_id == tenant_id,
        SsoIdentity.issuer == person.issuer,
        SsoIdentity.subject == person.subject,
    )
    statement = select(User).where(User.tenant_id == tenant_id, User.id == mine.scalar_subquery())
    return session.scalar(statement.with_for_update())


def link_or_follow(session: Session, user: User, person: Person) -> bool:
    """Link `user` to the person, or take over what has changed. Returns whether the user's name or address changed."""
    known = session.get(SsoIdentity, (user.tenant_id, user.id))
    if known is not None and (known.issuer, known.subject) == (person.issuer, person.subject):
        return _follow(session, user, known, person)
    if known is None:
        known = SsoIdentity(tenant_id=user.tenant_id, user_id=user.id)
        session.add(known)
    known.issuer, known.subject, known.linked_at = person.issuer, person.subject, func.now()
    known.name, known.email = person.name or user.name, person.email
    return False


def _follow(session: Session, user: User, known: SsoIdentity, person: Person) -> bool:
    before = user.name, user.email
    if person.name and person.name != known.name:
        user.name = known.name = person.name
    if person.email.lower() != known.email.lower() and _is_free(session, user, person.email):
        user.email = known.email = person.email
    if (user.name, user.email) == before:
        return False
    session.flush()
    if user.email != before[1]:
        # Links for a new password are in the mailbox of the former address.
        session.execute(delete(PasswordReset).where(PasswordReset.user_id == user.id))
    changes.record_renaming(session, user, *before, by=BY)
    return True


def _is_free(session: Session, user: User, email: str) -> bool:
    """Whether no other account, of any tenant, has the address. Else the user keeps the present one, and can sign in."""
    found = lookup_sso.user_with_email(session, email)
    if found is None or found.id == user.id:
        return True
    log.warning("kept an e-mail address", reason="another account has the new one", user=user.id, tenant=user.tenant_id)
    return False
