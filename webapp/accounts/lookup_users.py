"""Look-ups over all tenants, for requests whose tenant is not known yet. Each function is one statement of its own."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ..db import db
from ..models import Invitation, User


def account_of(email: str) -> tuple[int, bool] | None:
    """The tenant's id of the user with this address, in any case, and whether the account is closed to invitations.

    It is closed if it has a password or is disabled. None for a free address.
    """
    columns = (User.tenant_id, or_(User.password_hash.is_not(None), User.disabled_at.is_not(None)))
    with Session(db.engine) as reading:
        row = reading.execute(select(*columns).where(func.lower(User.email) == func.lower(email.strip()))).one_or_none()
        return (row[0], row[1]) if row else None


def invitation_place(token_hash: bytes) -> tuple[int, int] | None:
    """The tenant's id and the id of the invitation whose token has this sha256."""
    statement = select(Invitation.tenant_id, Invitation.id).where(Invitation.token_hash == token_hash)
    with Session(db.engine) as reading:
        row = reading.execute(statement).one_or_none()
        return (row[0], row[1]) if row else None
