"""Whether the signed-in user has a password. The user of a request is read without the hash."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..db import db
from ..models import User


def has_password(user: User) -> bool:
    """Whether the user can sign in with a password."""
    mine = (User.tenant_id == user.tenant_id, User.id == user.id)
    with Session(db.engine) as reading:
        return bool(reading.scalar(select(User.password_hash.is_not(None)).where(*mine)))
