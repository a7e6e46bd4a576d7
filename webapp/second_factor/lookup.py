"""Statements that run before the tenant of a request is known. Each stands alone, and answers with ids only."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..db import db
from ..models import Passkey
from .account import Account


def owner_of_passkey(credential_id: bytes) -> Account | None:
    """The user to whom a passkey belongs; None for an unknown one."""
    statement = select(Passkey.tenant_id, Passkey.user_id).where(Passkey.credential_id == credential_id)
    with Session(db.engine) as reading:
        found = reading.execute(statement).one_or_none()
    return Account(*found) if found else None
