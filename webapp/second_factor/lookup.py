"""The look-up that runs before the tenant of a request is known."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..db import db
from ..models import Passkey
from ..postgres import tenancy
from .account import Account


def owner_of_passkey(credential_id: bytes) -> Account | None:
    """The user to whom a passkey belongs, whose tenant is entered; None for an unknown one."""
    with Session(db.engine) as reading:
        tenant_id = reading.scalar(select(func.tenancy_of_passkey(credential_id)))
    if tenant_id is None:
        return None
    tenancy.enter(tenant_id)
    with Session(db.engine) as reading:
        user_id = reading.scalar(select(Passkey.user_id).where(Passkey.credential_id == credential_id))
    return None if user_id is None else Account(tenant_id, user_id)
