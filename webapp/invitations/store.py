"""Makes, renews and revokes invitations, and lists the open ones. Each function is one transaction of one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts import lookup_users
from ..accounts.permissions import Permission, may
from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..language import gettext as _
from ..models import Invitation, User
from . import token

MAX_OPEN = 500  # per tenant
# An accepted or revoked invitation is kept for this time, so that its link can show why it does not work.
KEEP_CLOSED = timedelta(days=90)

_OPEN = (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))


class InvitationRefused(Exception):
    """The address cannot be invited. The text is for the admin."""


@dataclass(frozen=True)
class NewInvitation:
    """An invitation to make. A `name` of None is entered by the invited person; `created_by` of None is a command."""

    email: str
    role: str
    name: str | None = None
    created_by: int | None = None


@dataclass(frozen=True)
class Made:
    """An invitation, detached, with its token, which cannot be read again."""

    invitation: Invitation
    token: str


@dataclass(frozen=True)
class Listed:
    """An open invitation, and the name of the user who made it."""

    invitation: Invitation
    created_by: str | None


def create(tenant_id: int, new: NewInvitation, days: int, *, replaces: bool = False) -> Made:
    """Raises InvitationRefused for an address with an account or with an open invitation of this tenant.

    With `replaces` an open invitation is revoked instead.
    """
    _check_free(tenant_id, new.email)
    made = token.new()
    with Session(db.engine, expire_on_commit=False) as writing:
        if new.created_by is not None:
            _check_still_admin(writing, tenant_id, new.created_by)
        _remove_old(writing, tenant_id)
        if replaces:
            same = func.lower(Invitation.email) == func.lower(new.email)
            writing.execute(
                update(Invitation).where(Invitation.tenant_id == tenant_id, same, *_OPEN).values(revoked_at=func.now())
            )
        if (writing.scalar(select(func.count()).where(Invitation.tenant_id == tenant_id, *_OPEN)) or 0) >= MAX_OPEN:
            raise InvitationRefused(
                _("You have %(most)s open invitations, which is the limit. Revoke some first.", most=MAX_OPEN)
            )
        values: dict[str, Any] = {"email": new.email, "name": new.name, "role": new.role, "created_by": new.created_by}
        invitation = Invitation(tenant_id=tenant_id, token_hash=token.digest(made), expires_at=_end(days), **values)
        writing.add(invitation)
        try:
            writing.flush()
        except IntegrityError:
            raise InvitationRefused(
                _("%(email)s is invited already. Send that invitation again or revoke it.", email=new.email)
            ) from None
        writing.refresh(invitation)
        _record(writing, Kind.USER_INVITED, invitation)
        writing.commit()
        return Made(invitation, made)


def renew(tenant_id: int, invitation_id: int, days: int, by: int) -> Made | None:
    """Give an open invitation a new link and `days` more; the old link shows nothing. None if it is not open.

    The admin `by`, who may have seen the new link, becomes its author: it is revoked with that admin's role.
    Raises InvitationRefused.
    """
    made = token.new()
    values = {"token_hash": token.digest(made), "expires_at": _end(days), "mailed_at": None, "created_by": by}
    found = _update(tenant_id, invitation_id, values, Kind.USER_INVITED, by)
    return Made(found, made) if found else None


def revoke(tenant_id: int, invitation_id: int) -> Invitation | None:
    """Revoke an open invitation. None if it is not open."""
    return _update(tenant_id, invitation_id, {"revoked_at": func.now()}, Kind.INVITATION_REVOKED)


def mailed(tenant_id: int, invitation_id: int) -> None:
    """Note that the present link was sent."""
    _update(tenant_id, invitation_id, {"mailed_at": func.now()})


def open_ones(tenant_id: int) -> Sequence[Listed]:
    """The tenant's open invitations, expired ones included, newest first. Served by uq_invitations_open_email."""
    statement = select(Invitation, User.name).outerjoin(
        User, (User.id == Invitation.created_by) & (User.tenant_id == Invitation.tenant_id)
    )
    rows = db.session.execute(statement.where(Invitation.tenant_id == tenant_id, *_OPEN).order_by(Invitation.id.desc()))
    return [Listed(invitation, name) for invitation, name in rows]


def _check_free(tenant_id: int, email: str) -> None:
    """A user without a password, whom an import has made, can be invited by the same company."""
    account = lookup_users.account_of(email)
    if account is None or account == (tenant_id, False):
        return
    if account[0] == tenant_id:
        raise InvitationRefused(_("%(email)s is a user of your company already.", email=email))
    # An address signs in to one tenant. Which one is not the inviter's to know.
    raise InvitationRefused(_("%(email)s cannot be invited. Use another e-mail address.", email=email))


def _check_still_admin(writing: Session, tenant_id: int, user_id: int) -> None:
    """The lock waits for a change of the role. The trigger of a later one revokes this invitation too."""
    mine = select(User).where(User.tenant_id == tenant_id, User.id == user_id)
    user = writing.scalar(mine.with_for_update(read=True))
    if user is None or user.disabled_at is not None or not may(user, Permission.MANAGE_USERS):
        raise InvitationRefused(_("You are not an admin any more, so nothing was changed."))


def _end(days: int) -> Any:
    return func.now() + timedelta(days=days)


def _remove_old(writing: Session, tenant_id: int) -> None:
    """Remove invitations that were closed long ago."""
    before = func.now() - KEEP_CLOSED
    closed = or_(Invitation.accepted_at < before, Invitation.revoked_at < before)
    writing.execute(delete(Invitation).where(Invitation.tenant_id == tenant_id, closed))


def _update(
    tenant_id: int, invitation_id: int, values: dict[str, Any], kind: Kind | None = None, by: int | None = None
) -> Invitation | None:
    own = (Invitation.tenant_id == tenant_id, Invitation.id == invitation_id, *_OPEN)
    with Session(db.engine, expire_on_commit=False) as writing:
        if by is not None:
            _check_still_admin(writing, tenant_id, by)
        found = writing.scalars(update(Invitation).where(*own).values(values).returning(Invitation)).one_or_none()
        if found is not None and kind is not None:
            _record(writing, kind, found)
        writing.commit()
        return found


def _record(writing: Session, kind: Kind, invitation: Invitation) -> None:
    details = {"role": invitation.role}
    record(writing, kind, tenant_id=invitation.tenant_id, subject=invitation.email, details=details)
