"""The sessions of one user: their list, and their end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..models import EndedSession, User, UserSession
from .sessions import SessionKey

# A session that was seen within this is in use now: sightings are up to two minutes old.
ACTIVE = timedelta(minutes=3)
MAX_SHOWN = 100


class OwnSession(NamedTuple):
    """A valid session. `address` and `browser` are "" when they are not known yet."""

    id: str
    began_at: datetime
    seen_at: datetime
    method: str
    address: str
    browser: str
    is_this: bool

    @property
    def is_active(self) -> bool:
        return self.is_this or datetime.now(UTC) - self.seen_at < ACTIVE


def valid(user: User, current_id: str | None, idle: timedelta | None) -> list[OwnSession]:
    """The user's sessions that have not ended: the one of this request, then those in use last."""
    row = UserSession
    ended = select(EndedSession.id).where(EndedSession.id == row.id).exists()
    since = select(User.sessions_from).where(User.tenant_id == user.tenant_id, User.id == user.id).scalar_subquery()
    statement = select(row.id, row.began_at, row.seen_at, row.method, row.address, row.browser)
    statement = statement.where(row.tenant_id == user.tenant_id, row.user_id == user.id, row.ends_at > func.now())
    statement = statement.where(~ended, row.sessions_from.is_not_distinct_from(since))
    if idle is not None:
        statement = statement.where(row.seen_at > func.now() - idle)
    with Session(db.engine) as reading:
        rows = reading.execute(statement.order_by(row.seen_at.desc()).limit(MAX_SHOWN)).all()
    found = [OwnSession(*values, is_this=values[0] == current_id) for values in rows]
    return sorted(found, key=lambda one: not one.is_this)


def end_one(user: User, session_id: str) -> SessionKey | None:
    """End this session of the user, and commit. None if the user has no such session."""
    mine = (UserSession.tenant_id == user.tenant_id, UserSession.user_id == user.id, UserSession.id == session_id)
    with Session(db.engine) as writing:
        ends_at = writing.scalar(delete(UserSession).where(*mine).returning(UserSession.ends_at))
        if ends_at is None:
            return None
        statement = insert(EndedSession).values(id=session_id, expires_at=ends_at)
        writing.execute(statement.on_conflict_do_nothing())
        record(
            writing,
            Kind.SESSIONS_ENDED,
            tenant_id=user.tenant_id,
            subject_id=user.id,
            details={"session": session_id[:8]},
        )
        writing.commit()
    return SessionKey(session_id, int(ends_at.timestamp()))


def end_all(tenant_id: int, user_id: int) -> None:
    """End all sessions of a user, and commit. Streams end within seconds, at once after routes/sign_in_steps.announce_end."""
    with Session(db.engine) as writing:
        end_all_in(writing, tenant_id, user_id)
        record(writing, Kind.SESSIONS_ENDED, tenant_id=tenant_id, subject_id=user_id, details={"all": True})
        writing.commit()


def end_all_in(writing: Session, tenant_id: int, user_id: int) -> None:
    """End all sessions of a user in the open transaction."""
    user = writing.get_one(User, user_id, with_for_update=True)
    if user.tenant_id == tenant_id:
        user.sessions_from = func.clock_timestamp()
        writing.flush()
        forget_all(writing, tenant_id, user_id)


def forget_all(writing: Session, tenant_id: int, user_id: int, keep: str | None = None) -> None:
    """Remove the rows of sessions that a change of `sessions_from` has ended, but for the row of `keep`."""
    mine = (UserSession.tenant_id == tenant_id, UserSession.user_id == user_id)
    kept = (UserSession.id != keep,) if keep else ()
    writing.execute(delete(UserSession).where(*mine, *kept))
