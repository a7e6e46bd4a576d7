"""The passkeys of users: listed, added, removed, and checked at a sign-in. The callers commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..models import PASSKEY_NAME_MAX_CHARS, Passkey
from . import ceremonies, challenges
from .account import Account
from .ceremonies import NewPasskey, PasskeyInvalid
from .challenges import Challenge
from .relying_party import RelyingParty

MAX_PER_USER = 20


class TooManyPasskeys(Exception):
    """The user has MAX_PER_USER passkeys."""


def of_user(session: Session, account: Account) -> Sequence[Passkey]:
    """Oldest first."""
    mine = (Passkey.tenant_id == account.tenant_id, Passkey.user_id == account.user_id)
    return session.scalars(select(Passkey).where(*mine).order_by(Passkey.id)).all()


def add(session: Session, account: Account, name: str, new: NewPasskey) -> None:
    """Store a passkey. The caller has locked the user. Raises TooManyPasskeys, and PasskeyInvalid if it is stored already."""
    if len(of_user(session, account)) >= MAX_PER_USER:
        raise TooManyPasskeys
    values = {"tenant_id": account.tenant_id, "user_id": account.user_id, "name": name[:PASSKEY_NAME_MAX_CHARS]}
    saving = insert(Passkey).values(**values, **new.__dict__)
    added = session.execute(saving.on_conflict_do_nothing(constraint="uq_passkeys_credential_id").returning(Passkey.id))
    if added.first() is None:
        raise PasskeyInvalid("this passkey is already stored")


def remove(session: Session, account: Account, passkey_id: int) -> str | None:
    """The name of the removed passkey; None if the user has no such passkey."""
    mine = (Passkey.tenant_id == account.tenant_id, Passkey.user_id == account.user_id, Passkey.id == passkey_id)
    return session.scalars(delete(Passkey).where(*mine).returning(Passkey.name)).one_or_none()


def remove_all(session: Session, account: Account) -> int:
    mine = (Passkey.tenant_id == account.tenant_id, Passkey.user_id == account.user_id)
    return len(session.scalars(delete(Passkey).where(*mine).returning(Passkey.id)).all())


def check(
    session: Session, account: Account, answer: Mapping[str, Any], party: RelyingParty, challenge: Challenge
) -> Passkey:
    """The passkey of the user that has answered the challenge, which no other answer can use again. Raises PasskeyInvalid."""
    mine = (Passkey.tenant_id == account.tenant_id, Passkey.user_id == account.user_id)
    asked = (*mine, Passkey.credential_id == ceremonies.credential_id(answer))
    # Locked, so that of two answers with the same counter the second meets the new one.
    passkey = session.scalars(select(Passkey).where(*asked).with_for_update()).one_or_none()
    if passkey is None:
        raise PasskeyInvalid("the passkey is not one of this user")
    count = ceremonies.verified_count(answer, party, challenge, passkey)
    if not challenges.answer(session, account, challenge):
        raise PasskeyInvalid("the challenge was answered before")
    passkey.sign_count, passkey.last_used_at = count, func.now()
    return passkey
