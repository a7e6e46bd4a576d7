"""Sets a password that its user chose, and ends the user's sessions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..models import PasswordReset, Tenant, User, UserSession
from . import own_sessions, passwords
from .hashing import hashing
from .sessions import SessionKey

# Keeps what belongs to a session that goes on: called in the transaction, with its id and the new `sessions_from`.
CarryOver = Callable[[Session, str, datetime | None], None]


class PasswordChangedMeanwhile(Exception):
    """The user's password, role or sessions changed after the present password was checked. Nothing was changed."""


def hash_new(password: str, user: User, tenant: Tenant) -> str:
    """The hash of a new password. Raises PasswordInvalid, and HashingBusy when too many are hashed already."""
    with hashing.place():
        about = (user.email, user.name, tenant.name, tenant.slug)
        passwords.check_new(password, *about, run=hashing.run)
        return hashing.run(lambda: passwords.hash_password(password))


def change(known: User, password_hash: str, key: SessionKey | None, carry_over: CarryOver) -> datetime | None:
    """Set the password and end all sessions but `key`; commit. Returns the user's new `sessions_from`.

    `known` is the user as read when the present password was checked. Raises PasswordChangedMeanwhile.
    """
    with Session(db.engine) as writing:
        user = writing.get_one(User, known.id, with_for_update=True)
        if user.sessions_from != known.sessions_from or user.disabled_at is not None:
            raise PasswordChangedMeanwhile
        sessions_from = set_hash(writing, user, password_hash, key.id if key else None)
        if key is not None:
            row = update(UserSession).where(UserSession.user_id == user.id, UserSession.id == key.id)
            writing.execute(row.values(sessions_from=sessions_from))
            carry_over(writing, key.id, sessions_from)
        record(writing, Kind.PASSWORD_CHANGED, tenant_id=user.tenant_id, actor_id=user.id, subject_id=user.id)
        writing.commit()
        return sessions_from


def set_hash(writing: Session, user: User, password_hash: str, keep: str | None = None) -> datetime | None:
    """Set the hash of a locked user in the open transaction. Returns the new `sessions_from`, which a trigger sets.

    Removes the user's links for a new password, and the rows of all sessions but `keep`.
    """
    user.password_hash = password_hash
    writing.flush()
    writing.refresh(user, ["sessions_from"])
    own_sessions.forget_all(writing, user.tenant_id, user.id, keep)
    mine = (PasswordReset.tenant_id == user.tenant_id, PasswordReset.user_id == user.id)
    writing.execute(delete(PasswordReset).where(*mine))
    return user.sessions_from
