"""Which factors a user has, and the mark of it in the user's row, which sign-in and every request read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..db import db
from ..models import AuthenticatorApp, Passkey, Tenant, User
from . import authenticator, passkeys, recovery_codes
from .account import Account


class FactorRequired(Exception):
    """The company requires a second factor, and this is the user's last one."""


@dataclass(frozen=True)
class Factors:
    """A user's second factors, for pages. `passkeys` are detached rows, oldest first."""

    has_app: bool
    passkeys: Sequence[Passkey]
    codes_left: int

    @property
    def is_on(self) -> bool:
        return self.has_app or bool(self.passkeys)

    @property
    def has_few_codes(self) -> bool:
        return self.codes_left <= recovery_codes.FEW


def read(account: Account) -> Factors:
    with Session(db.engine, expire_on_commit=False) as reading:
        return Factors(
            authenticator.is_set_up(reading, account),
            passkeys.of_user(reading, account),
            recovery_codes.left(reading, account),
        )


def refresh(session: Session, user: User) -> None:
    """Mark whether the locked user has a factor. Without one the recovery codes go too. Raises FactorRequired."""
    session.flush()
    if _has_factor(session, Account.of(user)):
        if user.second_factor_at is None:
            user.second_factor_at = func.now()
        return
    if session.get_one(Tenant, user.tenant_id).requires_second_factor:
        raise FactorRequired
    clear(session, user)


def clear(session: Session, user: User) -> None:
    """Mark that the user has no factor, and remove the recovery codes."""
    user.second_factor_at = None
    recovery_codes.remove(session, Account.of(user))


def _has_factor(session: Session, account: Account) -> bool:
    app = select(AuthenticatorApp.user_id).where(
        AuthenticatorApp.tenant_id == account.tenant_id,
        AuthenticatorApp.user_id == account.user_id,
        AuthenticatorApp.confirmed_at.is_not(None),
    )
    passkey = select(Passkey.id).where(Passkey.tenant_id == account.tenant_id, Passkey.user_id == account.user_id)
    return bool(session.scalar(select(app.exists() | passkey.exists())))
