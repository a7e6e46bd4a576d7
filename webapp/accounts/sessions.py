"""A session: one sign-in of one browser. Its id and its end stand in the signed cookie; the server keeps those that ended.

A sign-in costs no row. A row of `ended_sessions` is a sign-out, and goes when every copy of that cookie would have expired.
All sessions of a user end when `users.sessions_from` moves: the cookie carries the value that it began under.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from flask import current_app, has_request_context, session
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..db import db
from ..models import EndedSession
from ..postgres import session as pg_session

ID, ENDS, SINCE = "_session", "_ends", "_since"  # keys of the cookie

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SessionKey(NamedTuple):
    """`ends` in epoch seconds: a session is over then, however often its cookie was signed again. `since` is `stamp` of the
    user's `sessions_from` when the session began."""

    id: str
    ends: int
    since: int | None = None


def stamp(sessions_from: datetime | None) -> int | None:
    """`users.sessions_from` as a cookie carries it: epoch microseconds, exactly. None for a user whose sessions never ended."""
    return None if sessions_from is None else (sessions_from - _EPOCH) // timedelta(microseconds=1)


def new(seconds: float, since: int | None = None) -> dict[str, str | int]:
    """The cookie's values for a session that begins now and ends `seconds` from now."""
    values: dict[str, str | int] = {ID: str(uuid4()), ENDS: int(time.time() + seconds)}
    return values if since is None else {**values, SINCE: since}


def begin(since: int | None) -> None:
    """Give the request's session its id and its end, PERMANENT_SESSION_LIFETIME from now."""
    session.update(new(current_app.permanent_session_lifetime.total_seconds(), since))


def current() -> SessionKey | None:
    """The request's session; None where there is no request, or its cookie has no id: one from before sessions had them."""
    if not has_request_context() or ID not in session:
        return None
    return SessionKey(session[ID], session[ENDS], session.get(SINCE))


def end(key: SessionKey) -> None:
    """Committed when it returns. Who keeps something of the session in this process has to be told beside that."""
    statement = insert(EndedSession).values(id=key.id, expires_at=func.to_timestamp(key.ends))
    with Session(db.engine) as writing:
        writing.execute(statement.on_conflict_do_nothing())  # the same button in two tabs
        writing.commit()


def remove_expired(database_url: str) -> int:
    """Remove the rows whose sessions would be over anyway; returns how many. Raises psycopg.OperationalError."""
    with pg_session.connect(database_url, "doorbell sessions") as conn:
        return conn.execute("DELETE FROM ended_sessions WHERE expires_at < now()").rowcount
