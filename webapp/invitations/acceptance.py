"""Finds the invitation of a link, and makes its user. A link works once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts import lookup_users, passwords
from ..accounts.hashing import hashing
from ..accounts.permissions import Permission, may
from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..models import Invitation, Tenant, User
from . import token

OPEN, ACCEPTED, REVOKED, EXPIRED = "open", "accepted", "revoked", "expired"


class AddressTaken(Exception):
    """The address got an account after it was invited."""


@dataclass(frozen=True)
class FoundInvitation:
    """An invitation with its tenant, both detached. `state` is one of OPEN, ACCEPTED, REVOKED and EXPIRED.

    `invited_by` is the name of the user who made it, if it was a user.
    """

    invitation: Invitation
    tenant: Tenant
    state: str
    invited_by: str | None


def find(text: str) -> FoundInvitation | None:
    """The invitation of a token in whatever state; None for an unknown token."""
    if not token.is_possible(text):
        return None
    digest = token.digest(text)
    place = lookup_users.invitation_place(digest)
    found = _read(*place) if place else None
    # The index has compared already, but in a time that depends on the bytes.
    return found if found and hmac.compare_digest(bytes(found.invitation.token_hash), digest) else None


def accept(found: FoundInvitation, name: str, password: str) -> User | None:
    """Make the user, and close the invitation. None if it is not open any more, or has a new link.

    Raises passwords.PasswordInvalid, HashingBusy, and AddressTaken.
    """
    tenant = found.tenant
    passwords.check_new(password, found.invitation.email, name, tenant.name, tenant.slug)
    with hashing.place(stranger=True):
        password_hash = hashing.run(lambda: passwords.hash_password(password))
    with Session(db.engine, expire_on_commit=False) as writing:
        invitation = writing.scalars(_still_open(found.invitation).with_for_update()).one_or_none()
        if invitation is None:
            return None
        user = _user(writing, invitation)
        user.name, user.password_hash = name, password_hash
        invitation.accepted_at = func.now()
        try:
            writing.flush()
        except IntegrityError:
            raise AddressTaken from None
        writing.refresh(user)
        _record(writing, user)
        writing.commit()
        return user


def _still_open(invitation: Invitation) -> Select[Invitation]:
    """The invitation as it is now, if its link can still be used."""
    same = (Invitation.tenant_id == invitation.tenant_id, Invitation.id == invitation.id)
    has_link = (Invitation.token_hash == invitation.token_hash, Invitation.expires_at > func.now())
    is_open = (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    return select(Invitation).where(*same, *has_link, *is_open)


def _user(writing: Session, invitation: Invitation) -> User:
    """A new user, or the one without a password that an import has made. Raises AddressTaken."""
    tenant_id, email = invitation.tenant_id, invitation.email
    same = (User.tenant_id == tenant_id, func.lower(User.email) == func.lower(email))
    user = writing.scalars(select(User).where(*same).with_for_update()).one_or_none()
    if user is None:
        user = User(tenant_id=tenant_id, email=email, role=invitation.role)
        writing.add(user)
    elif user.password_hash is not None or user.disabled_at is not None:
        raise AddressTaken
    elif not may(user, Permission.MANAGE_USERS):  # an admin stays one
        user.role = invitation.role
    return user


def _record(writing: Session, user: User) -> None:
    kind, details = Kind.INVITATION_ACCEPTED, {"role": user.role}
    # Signed in only after the commit, so the request has no actor yet.
    record(writing, kind, tenant_id=user.tenant_id, actor_id=user.id, subject_id=user.id, details=details)


def _read(tenant_id: int, invitation_id: int) -> FoundInvitation | None:
    """Served by pk_invitations."""
    has_expired = (Invitation.expires_at <= func.now()).label("has_expired")
    inviter = (User.id == Invitation.created_by) & (User.tenant_id == Invitation.tenant_id)
    statement = select(Invitation, Tenant, has_expired, User.name).join(Tenant, Tenant.id == Invitation.tenant_id)
    own = (Invitation.tenant_id == tenant_id, Invitation.id == invitation_id)
    with Session(db.engine) as reading:
        row = reading.execute(statement.outerjoin(User, inviter).where(*own)).one_or_none()
    return FoundInvitation(row[0], row[1], _state(row[0], row[2]), row[3]) if row else None


def _state(invitation: Invitation, has_expired: bool) -> str:
    if invitation.accepted_at is not None:
        return ACCEPTED
    if invitation.revoked_at is not None:
        return REVOKED
    return EXPIRED if has_expired else OPEN
