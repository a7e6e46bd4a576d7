"""A session is one sign-in of one browser. Its id and its end are in the signed cookie.

A row of `ended_sessions` is a sign-out, and is removed once every copy of its cookie has expired. All sessions of a user end
when `users.sessions_from` changes, because the cookie carries the value at its sign-in. A row of `user_sessions` has when and
from where a session was used (session_rows.py): for the user's list, and to end sessions that are not used any more.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from flask import Flask, current_app, has_request_context, session
from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..db import db
from ..models import EndedSession, UserSession
from ..postgres import session as pg_session

ID, ENDS, SINCE, VOUCHED = "_session", "_ends", "_since", "_vouched"  # keys of the cookie

# Sign-ins for which Doorbell asks for no second factor: another system checks the user, or it is the demo's link.
VOUCHED_METHODS = frozenset({"sso", "demo"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SessionKey(NamedTuple):
    """A session. It is over at `ends` (epoch seconds), even if its cookie is signed again later.

    `since` is the `stamp` of the user's `sessions_from` when the session began. `vouched`: by one of VOUCHED_METHODS.
    """

    id: str
    ends: int
    since: int | None = None
    vouched: bool = False


def stamp(sessions_from: datetime | None) -> int | None:
    """`users.sessions_from` as a cookie carries it: exact epoch microseconds, or None if it was never set."""
    return None if sessions_from is None else (sessions_from - _EPOCH) // timedelta(microseconds=1)


def new(seconds: float, since: int | None = None) -> dict[str, str | int]:
    """The cookie's values for a session that begins now and ends `seconds` from now."""
    values: dict[str, str | int] = {ID: str(uuid4()), ENDS: int(time.time() + seconds)}
    return values if since is None else {**values, SINCE: since}


def begin(since: int | None, method: str = "") -> None:
    """Give the request's session an id, and an end PERMANENT_SESSION_LIFETIME from now."""
    session.update(new(current_app.permanent_session_lifetime.total_seconds(), since))
    if method in VOUCHED_METHODS:
        session[VOUCHED] = True


def current() -> SessionKey | None:
    """The request's session. None outside of a request, and for a cookie of a version whose sessions had no ids."""
    if not has_request_context() or ID not in session:
        return None
    return _key(session)


def read_cookie(app: Flask, header: str) -> tuple[int, SessionKey] | None:
    """The user's id and the session of a Cookie header, with its signature verified as Flask does it. Makes no query.

    None without a valid session, and for a cookie of a version whose sessions had no ids.
    """
    found = app.session_interface.open_session(app, app.request_class({"HTTP_COOKIE": header}))
    user_id = found.get("_user_id", "") if found else ""
    # An id is a bigint, which 18 digits always fit.
    if not found or ID not in found or not user_id.isdecimal() or len(user_id) > 18:
        return None
    return int(user_id), _key(found)


def _key(values: Mapping[str, Any]) -> SessionKey:
    return SessionKey(values[ID], values[ENDS], values.get(SINCE), values.get(VOUCHED, False))


def end(key: SessionKey) -> None:
    """Record the end of a session, and commit. Callers must also clear what this process has cached of the session."""
    statement = insert(EndedSession).values(id=key.id, expires_at=func.to_timestamp(key.ends))
    with Session(db.engine) as writing:
        # Two tabs can sign out at once.
        writing.execute(statement.on_conflict_do_nothing())
        writing.execute(delete(UserSession).where(UserSession.id == key.id))
        writing.commit()


def renew(sessions_from: datetime | None) -> None:
    """Keep the request's session, though the user's `sessions_from` has changed to this: copies of its old cookie end."""
    session[SINCE] = stamp(sessions_from)


# A session that was not used for too long is stored as ended, for processes that do not read `seen_at`. Both tables have
# a row per sign-in of the last 31 days at most.
_END_IDLE = """
WITH idle AS (
    DELETE FROM user_sessions WHERE seen_at < now() - make_interval(days => %(days)s) AND ends_at > now()
    RETURNING id, ends_at)
INSERT INTO ended_sessions (id, expires_at) SELECT id, ends_at FROM idle ON CONFLICT DO NOTHING
"""
_REMOVE = (
    "DELETE FROM user_sessions WHERE ends_at < now()",
    """DELETE FROM user_sessions s USING users u WHERE u.tenant_id = s.tenant_id AND u.id = s.user_id
       AND s.sessions_from IS DISTINCT FROM u.sessions_from""",
    "DELETE FROM password_resets WHERE expires_at < now()",
)


def remove_expired(database_url: str, idle_days: int = 0) -> int:
    """Remove the rows of sessions whose cookies have expired. Returns their number. Raises psycopg.OperationalError.

    Sessions that were not used for `idle_days` are ended; 0 ends none.
    """
    with pg_session.connect(database_url, "doorbell sessions") as conn:
        if idle_days:
            conn.execute(_END_IDLE, {"days": idle_days})
        for statement in _REMOVE:
            conn.execute(statement)
        return conn.execute("DELETE FROM ended_sessions WHERE expires_at < now()").rowcount
