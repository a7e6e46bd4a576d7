"""Who is signed in, kept in the process for a moment, so that queries do not grow with those who watch.

Rights and sessions are to be re-checked at least once a minute; KEPT_SECONDS is far below that. What writes asks `fresh` and
trusts nothing that is kept. Those whose moment is over are asked for together: a thousand watchers are a few queries in ten
seconds and not a thousand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from flask import Flask, current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..concurrency.batch_loader import BatchLoader
from ..db import db
from ..models import EndedSession, Tenant, User
from . import sessions
from .sessions import SessionKey

# How long a user who was removed, moved or disabled still reads, or a session that ended elsewhere. Writing ends at once.
KEPT_SECONDS = 10.0
DUE_SECONDS = KEPT_SECONDS / 2  # who is this old is asked for again with the others
HEADER_SECONDS = 60.0  # how long a Cookie header is known without its signature being verified again
AWAY_SECONDS = 5.0  # after PostgreSQL gave no answer `of_cookie` leaves the asking to the ordinary way
MAX_AT_ONCE = 500  # rows a query
MAX_KEPT = 20_000  # visitors, cookies and ended sessions each, about 2 KB a visitor
COOKIE_CHARS = 1000  # a longer header is not kept; a session's is about 300


class SessionUser(NamedTuple):
    """A user in one session, which began under this stamp of the user's `sessions_from`. `session_id` is None for the cookie of
    an older version."""

    user_id: int
    session_id: str | None
    since: int | None = None

    @classmethod
    def of(cls, user_id: int, session: SessionKey | None) -> SessionUser:
        return cls(user_id, session.id, session.since) if session else cls(user_id, None)


class PanelScope(NamedTuple):
    """Those who see the same panels: all that a panel's content depends on beside the data."""

    tenant_id: int
    role: str  # no panel differs by role today; one that will is not shown to the wrong people
    locale: str
    timezone: str
    currency: str


@dataclass
class CachedUser:
    """A user with the tenant, as read at `read_at` (seconds of the cache's clock). Both are detached: for reading.

    It is kept for one session, which had not ended then."""

    user: User
    tenant: Tenant
    read_at: float
    audience: PanelScope
    is_here: bool = False  # has asked for something since `read_at`

    @property
    def page_user(self) -> str:
        """The user's id, as this user's pages name it."""
        return str(self.user.id)


class UserCache:
    """`clock` counts seconds, `now` is in epoch seconds. Querying needs an app context, of which `of_cookie` makes its own."""

    def __init__(self, app: Flask, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self.clock, self.now = app, clock, time.time
        self._kept: dict[SessionUser, CachedUser] = {}
        self._ended: dict[str, None] = {}  # sessions that are known to have ended, which is for ever
        self._cookies: dict[str, tuple[SessionUser, float]] = {}  # header -> whose it is, until when on the clock
        self._together: BatchLoader[SessionUser, CachedUser] = BatchLoader()
        self._away_until = float("-inf")

    def get(self, user_id: int, session: SessionKey | None = None) -> CachedUser | None:
        """As they were at most KEPT_SECONDS ago; None when there is nobody with this id, or the session is over."""
        if session is not None and self.is_over(session):
            return None
        return self._find(SessionUser.of(user_id, session))

    def fresh(self, user_id: int, session: SessionKey | None = None) -> CachedUser | None:
        """As they are now."""
        if session is not None and self.is_over(session):
            return None
        who = SessionUser.of(user_id, session)
        return self._read({who}).get(who)

    def of_cookie(self, header: str) -> CachedUser | None:
        """Whose Cookie header this is, if it was verified in the last HEADER_SECONDS; they are as `get` has them. None when
        that is not known without Flask, also while PostgreSQL is away. Needs no app context."""
        who, good_until = self._cookies.get(header, (None, 0.0))
        if who is None or self.clock() > good_until:
            return None
        return self._kept_now(who) or self._find_again(who)

    def remember_cookie(self, header: str, user_id: int) -> None:
        """It is this request's, whose session was verified just now, and is this user's."""
        if len(header) > COOKIE_CHARS:
            return
        session = sessions.current()
        seconds = min(HEADER_SECONDS, session.ends - self.now()) if session else KEPT_SECONDS  # or its age is not known
        _make_room(self._cookies)
        self._cookies[header] = (SessionUser.of(user_id, session), self.clock() + seconds)

    def forget(self, *user_ids: int) -> None:
        """Their rights changed, or they signed out."""
        gone = set(user_ids)
        for who in [who for who in list(self._kept) if who.user_id in gone] if gone else ():
            self._kept.pop(who, None)

    def forget_tenant(self, tenant_id: int) -> None:
        """Its name, time zone, locale or currency changed."""
        for who in [who for who, kept in list(self._kept.items()) if kept.tenant.id == tenant_id]:
            self._kept.pop(who, None)

    def end(self, *session_ids: str) -> None:
        """They have ended: this process refuses their next request without a query."""
        self._note_ended(set(session_ids))

    def is_over(self, session: SessionKey) -> bool:
        """By its age, or as far as is known here. Without a query."""
        return session.id in self._ended or session.ends <= self.now()

    def _find(self, who: SessionUser) -> CachedUser | None:
        found = self._kept_now(who) or self._together.load(who, self._read)
        if found is not None:
            found.is_here = True
        return found

    def _find_again(self, who: SessionUser) -> CachedUser | None:
        if who.session_id in self._ended or self.clock() < self._away_until:
            return None
        try:
            with self._app.app_context():
                return self._find(who)
        except (
            SQLAlchemyError
        ):  # the ordinary way meets it too, and says so; without this, everybody would wait for it twice
            self._away_until = self.clock() + AWAY_SECONDS
            return None

    def _kept_now(self, who: SessionUser) -> CachedUser | None:
        found = self._kept.get(who)
        if found is None or self.clock() - found.read_at > KEPT_SECONDS or who.session_id in self._ended:
            return None
        found.is_here = True
        return found

    def _read(self, asked: set[SessionUser]) -> Mapping[SessionUser, CachedUser]:
        """One query for all of them, and for others whose moment is over soon. Those who are gone are not in the answer."""
        asked = asked | self._due(asked)
        now = self.clock()
        with Session(db.engine) as reading:
            rows = reading.execute(_statement(asked)).all()
        people = {user.id: (user, tenant) for user, tenant, _ended in rows}
        ended = set(rows[0][2] or ()) if rows else set()
        self._note_ended(ended)
        found = {}
        for who in asked:
            user, tenant = people.get(who.user_id, (None, None))
            if user is None or tenant is None or who.session_id in ended or not _counts(user, who):
                self._kept.pop(who, None)
            else:
                found[who] = CachedUser(user, tenant, now, audience_of(user, tenant))
        _make_room(self._kept)
        self._kept.update(found)
        return found

    def _due(self, asked: set[SessionUser]) -> set[SessionUser]:
        """Others who are here and will have to be asked for soon. Those who left are let go."""
        if not asked & self._kept.keys():
            return set()  # somebody new: the others' time comes with one of them
        now = self.clock()
        old = [(who, kept) for who, kept in list(self._kept.items()) if now - kept.read_at > DUE_SECONDS]
        for who, kept in old:
            if not kept.is_here and who not in asked:
                self._kept.pop(who, None)
        return set([who for who, kept in old if kept.is_here][:MAX_AT_ONCE])

    def _note_ended(self, session_ids: set[str]) -> None:
        _make_room(self._ended)
        self._ended.update(dict.fromkeys(session_ids))
        for who in [who for who in list(self._kept) if who.session_id in session_ids] if session_ids else ():
            self._kept.pop(who, None)


def _statement(asked: set[SessionUser]) -> Any:
    """Rows of a user, the tenant, and those of the asked sessions that have ended: the same in each row."""
    session_ids = sorted(who.session_id for who in asked if who.session_id)
    ended = select(func.array_agg(EndedSession.id)).where(EndedSession.id.in_(session_ids)).scalar_subquery()
    statement = select(User, Tenant, ended).join(Tenant, Tenant.id == User.tenant_id)
    return statement.where(User.id.in_(sorted({who.user_id for who in asked})))


def _counts(user: User, who: SessionUser) -> bool:
    return user.disabled_at is None and sessions.stamp(user.sessions_from) == who.since


def audience_of(user: User, tenant: Tenant) -> PanelScope:
    return PanelScope(tenant.id, user.role, tenant.locale, tenant.timezone, tenant.currency)


def _make_room(kept: dict[Any, Any]) -> None:
    if len(kept) > MAX_KEPT:
        kept.clear()


def init_app(app: Flask) -> None:
    app.extensions["doorbell_visitors"] = UserCache(app)


def visitors() -> UserCache:
    """The running app's."""
    return cast(UserCache, current_app.extensions["doorbell_visitors"])
