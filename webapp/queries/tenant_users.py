"""The users of a tenant, as its admins see them. Served by uq_users_tenant_id_id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select

from ..db import db
from ..models import User, UserSession

MAX_SHOWN = 200
QUERY_MAX_CHARS = 100


# Served by ix_user_sessions_user.
_SEEN_AT = (
    select(func.max(UserSession.seen_at))
    .where(UserSession.tenant_id == User.tenant_id, UserSession.user_id == User.id)
    .scalar_subquery()
)


class SeenUser(NamedTuple):
    """A user, and when one of the user's sessions was last in use: None without a session in the last weeks."""

    user: User
    seen_at: datetime | None


@dataclass(frozen=True)
class UserList:
    """The first users of those that match. `matching` counts all of them, `total` the users of the tenant."""

    users: Sequence[SeenUser]
    matching: int
    total: int


def read(tenant_id: int, query: str = "") -> UserList:
    """Users whose name or e-mail contains all words of `query`, active ones first, then by name."""
    own = User.tenant_id == tenant_id
    found = [
        or_(User.name.icontains(word, autoescape=True), User.email.icontains(word, autoescape=True))
        for word in query[:QUERY_MAX_CHARS].split()
    ]
    total = select(func.count()).where(own).scalar_subquery()
    statement = select(User, _SEEN_AT, func.count().over(), total).where(own, *found)
    order = (User.disabled_at.is_not(None), func.lower(User.name), User.id)
    rows = db.session.execute(statement.order_by(*order).limit(MAX_SHOWN)).all()
    if not rows:
        return UserList((), 0, db.session.scalar(select(func.count()).where(own)) or 0)
    return UserList([SeenUser(row[0], row[1]) for row in rows], rows[0][2], rows[0][3])


def find(tenant_id: int, user_id: int) -> SeenUser | None:
    """The user; None for one of another tenant."""
    statement = select(User, _SEEN_AT).where(User.tenant_id == tenant_id, User.id == user_id)
    row = db.session.execute(statement).one_or_none()
    return SeenUser(row[0], row[1]) if row else None
