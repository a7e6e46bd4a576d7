"""The user whose second factor is read or changed."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..models import User


class Account(NamedTuple):
    """A user with the tenant, which every statement names."""

    tenant_id: int
    user_id: int

    @classmethod
    def of(cls, user: User) -> Account:
        return cls(user.tenant_id, user.id)


def lock(session: Session, account: Account) -> User:
    """The user's row, locked until the transaction ends: changes of a user's factors run one after the other."""
    statement = select(User).where(User.tenant_id == account.tenant_id, User.id == account.user_id)
    return session.scalars(statement.with_for_update()).one()
