"""Challenges for passkeys. Each is in the browser's signed session, valid for five minutes, and is answered once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..models import AnsweredChallenge
from .account import Account

SECONDS = 300
_BYTES = 32


@dataclass(frozen=True)
class Challenge:
    """`purpose` is what it was made for: an answer to one purpose is not accepted for another."""

    value: bytes
    purpose: str

    @classmethod
    def new(cls, purpose: str) -> Challenge:
        return cls(secrets.token_bytes(_BYTES), purpose)

    def to_session(self, now: float) -> list[str | int]:
        return [self.value.hex(), self.purpose, int(now) + SECONDS]

    @classmethod
    def from_session(cls, stored: object, purpose: str, now: float) -> Challenge | None:
        """The challenge of the session; None without one for this purpose that is still valid."""
        if not isinstance(stored, list) or len(stored) != 3 or stored[1] != purpose or stored[2] <= now:
            return None
        return cls(bytes.fromhex(stored[0]), purpose)


def answer(session: Session, account: Account, challenge: Challenge) -> bool:
    """Record the answer; the caller commits. False if it was answered before, also by a copy of the session."""
    values = {"tenant_id": account.tenant_id, "user_id": account.user_id}
    mine = (AnsweredChallenge.tenant_id == account.tenant_id, AnsweredChallenge.user_id == account.user_id)
    # Twice the time, so that the clocks of two hosts may differ.
    expired = AnsweredChallenge.answered_at < func.now() - timedelta(seconds=2 * SECONDS)
    session.execute(delete(AnsweredChallenge).where(*mine, expired))
    challenge_hash = hashlib.sha256(challenge.value).digest()
    saving = insert(AnsweredChallenge).values(**values, challenge_hash=challenge_hash).on_conflict_do_nothing()
    return session.execute(saving.returning(AnsweredChallenge.challenge_hash)).first() is not None
