"""Look-ups over all tenants, for requests whose tenant is not known yet.

Functions of the database answer them (migrations/sql/0035_tenancy.sql).
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..db import db
from ..models import Invitation
from ..postgres import tenancy


def account_of(email: str) -> tuple[int, bool] | None:
    """The tenant's id of the user with this address, in any case, and whether the account is closed to invitations.

    It is closed if it has a password or is disabled. None for a free address.
    """
    account = func.tenancy_account_of_email(email.strip()).table_valued("tenant_id", "is_closed")
    with Session(db.engine) as reading:
        row = reading.execute(select(account)).one_or_none()
        return (row[0], row[1]) if row else None


def invitation_place(token_hash: bytes) -> tuple[int, int] | None:
    """The tenant's id and the id of the invitation whose token has this sha256. Enters the tenant."""
    with Session(db.engine) as reading:
        tenant_id = reading.scalar(select(func.tenancy_of_invitation(token_hash)))
    if tenant_id is None:
        return None
    tenancy.enter(tenant_id)
    with Session(db.engine) as reading:
        found = reading.scalar(select(Invitation.id).where(Invitation.token_hash == token_hash))
    return None if found is None else (tenant_id, found)
