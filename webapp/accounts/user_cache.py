"""A cache of signed-in users in the process, so that queries do not grow with the number of open pages.

Rights and sessions must be checked at least once a minute; KEPT_SECONDS is far below that. Writing requests call `reload`,
which ignores the cache. Expired users are loaded together: for a thousand pages that is a few queries per ten seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
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

# Cached users may read this long after being removed, moved, disabled, or signed out in another process. Writes always check
# the database.
KEPT_SECONDS = 10.0
DUE_SECONDS = KEPT_SECONDS / 2  # older users join the next query
# How long a Cookie header is known before its signature is verified again.
HEADER_SECONDS = 60.0
# How long `get_by_cookie` gives up after PostgreSQL gave no answer.
AWAY_SECONDS = 5.0
MAX_AT_ONCE = 500  # rows per query
# Users, cookies and ended sessions each; a user takes about 2 KB.
MAX_KEPT = 20_000
# Longer headers are not cached; a session's has about 300.
COOKIE_CHARS = 1000


class SessionUser(NamedTuple):
    """A user in one session. `since` is the stamp of the user's `sessions_from` when it began.

    `session_id` is None for a cookie of a version whose sessions had no ids.
    """

    user_id: int
    session_id: str | None
    since: int | None = None

    @classmethod
    def of(cls, user_id: int, session: SessionKey | None) -> SessionUser:
        return cls(user_id, session.id, session.since) if session else cls(user_id, None)


class PanelScope(NamedTuple):
    """All that a panel's content depends on beside the data. Users with equal scopes share renders."""

    tenant_id: int
    # No panel differs by role today; one that does later is not shared across roles.
    role: str
    locale: str
    timezone: str
    currency: str


@dataclass
class CachedUser:
    """A user with the tenant as read at `read_at` (seconds of the cache's clock), for a session that had not ended then.

    Both objects are detached: for reading only.
    """

    user: User
    tenant: Tenant
    read_at: float
    scope: PanelScope
    used: bool = False  # by a request since `read_at`

    @cached_property
    def page_user(self) -> str:
        """The user's id as pages send it."""
        return str(self.user.id)


class UserCache:
    """`clock` counts seconds, `now` is epoch seconds. Queries need an app context; `get_by_cookie` makes its own."""

    def __init__(self, app: Flask, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self.clock, self.now = app, clock, time.time
        self._kept: dict[SessionUser, CachedUser] = {}
        self._ended: dict[str, None] = {}  # ids of sessions known as ended
        self._cookies: dict[str, tuple[SessionUser, SessionKey | None, float]] = {}  # header -> user, session, expiry
        self._loader: BatchLoader[SessionUser, CachedUser] = BatchLoader()
        self._away_until = float("-inf")

    @property
    def kept(self) -> tuple[int, int]:
        """The numbers of users and of Cookie headers in this process."""
        return len(self._kept), len(self._cookies)

    def keeps(self, user: SessionUser) -> bool:
        return user in self._kept

    def get(self, user_id: int, session: SessionKey | None = None) -> CachedUser | None:
        """The user as read at most KEPT_SECONDS ago. None without such a user, or if the session is over."""
        if session is not None and self.is_over(session):
            return None
        return self._find(SessionUser.of(user_id, session))

    def reload(self, user_id: int, session: SessionKey | None = None) -> CachedUser | None:
        """The user as read now."""
        if session is not None and self.is_over(session):
            return None
        key = SessionUser.of(user_id, session)
        return self._load({key}).get(key)

    def get_by_cookie(self, header: str) -> CachedUser | None:
        """The user of `find_by_cookie`."""
        found = self.find_by_cookie(header)
        return found[0] if found else None

    def find_by_cookie(self, header: str) -> tuple[CachedUser, SessionKey | None] | None:
        """User and session of a Cookie header that was verified in the last HEADER_SECONDS; the user as `get` returns it.

        None if Flask has to verify the header, and while PostgreSQL is away. Needs no app context.
        """
        key, session, expires = self._cookies.get(header, (None, None, 0.0))
        if key is None or self.clock() > expires:
            return None
        user = self._cached(key) or self._find_in_context(key)
        return (user, session) if user else None

    def remember_cookie(self, header: str, user_id: int) -> None:
        """Cache the header of the current request, whose session Flask has just verified as this user's."""
        if len(header) > COOKIE_CHARS:
            return
        session = sessions.current()
        # Without a session id the age of the cookie is not known.
        seconds = min(HEADER_SECONDS, session.ends - self.now()) if session else KEPT_SECONDS
        _limit(self._cookies)
        self._cookies[header] = (SessionUser.of(user_id, session), session, self.clock() + seconds)

    def forget(self, *user_ids: int) -> None:
        """Drop users whose rights changed or who signed out."""
        gone = set(user_ids)
        if gone:
            self._drop(lambda key, _cached: key.user_id in gone)

    def forget_tenant(self, tenant_id: int) -> None:
        """Drop the users of a tenant whose name, time zone, locale or currency changed."""
        self._drop(lambda _key, cached: cached.tenant.id == tenant_id)

    def end(self, *session_ids: str) -> None:
        """Remember that these sessions ended, so that this process refuses their next request without a query."""
        self._add_ended(set(session_ids))

    def is_over(self, session: SessionKey) -> bool:
        """Whether the session has expired or is known here as ended. Makes no query."""
        return session.id in self._ended or session.ends <= self.now()

    def _find(self, key: SessionUser) -> CachedUser | None:
        found = self._cached(key) or self._loader.load(key, self._load)
        if found is not None:
            found.used = True
        return found

    def _find_in_context(self, key: SessionUser) -> CachedUser | None:
        if key.session_id in self._ended or self.clock() < self._away_until:
            return None
        try:
            with self._app.app_context():
                return self._find(key)
        except SQLAlchemyError:
            # Flask then handles the request, meets the same error and answers 503. Without the pause each request would wait
            # for PostgreSQL twice.
            self._away_until = self.clock() + AWAY_SECONDS
            return None

    def _cached(self, key: SessionUser) -> CachedUser | None:
        found = self._kept.get(key)
        if found is None or self.clock() - found.read_at > KEPT_SECONDS or key.session_id in self._ended:
            return None
        found.used = True
        return found

    def _load(self, asked: set[SessionUser]) -> Mapping[SessionUser, CachedUser]:
        """Load these users, and those that expire soon, in one query. The result lacks users without a valid session."""
        asked = asked | self._due(asked)
        now = self.clock()
        with Session(db.engine) as reading:
            rows = reading.execute(_statement(asked)).all()
        people = {user.id: (user, tenant) for user, tenant, _ended in rows}
        ended = set(rows[0][2] or ()) if rows else set()
        self._add_ended(ended)
        found = {}
        for key in asked:
            user, tenant = people.get(key.user_id, (None, None))
            if user is None or tenant is None or key.session_id in ended or not _is_valid(user, key):
                self._kept.pop(key, None)
            else:
                found[key] = CachedUser(user, tenant, now, panel_scope(user, tenant))
        _limit(self._kept)
        self._kept.update(found)
        return found

    def _due(self, asked: set[SessionUser]) -> set[SessionUser]:
        """Other users that were used and expire soon. Unused ones are dropped."""
        # A new user does not trigger this; the next expiry of a cached one does.
        if not asked & self._kept.keys():
            return set()
        now = self.clock()
        old = [(key, cached) for key, cached in list(self._kept.items()) if now - cached.read_at > DUE_SECONDS]
        for key, cached in old:
            if not cached.used and key not in asked:
                self._kept.pop(key, None)
        return set([key for key, cached in old if cached.used][:MAX_AT_ONCE])

    def _add_ended(self, session_ids: set[str]) -> None:
        _limit(self._ended)
        self._ended.update(dict.fromkeys(session_ids))
        if session_ids:
            self._drop(lambda key, _cached: key.session_id in session_ids)

    def _drop(self, matches: Callable[[SessionUser, CachedUser], bool]) -> None:
        for key in [key for key, cached in list(self._kept.items()) if matches(key, cached)]:
            self._kept.pop(key, None)


def _statement(asked: set[SessionUser]) -> Any:
    """Rows of user, tenant and the ids of the asked sessions that have ended (the same ids in each row)."""
    session_ids = sorted(key.session_id for key in asked if key.session_id)
    ended = select(func.array_agg(EndedSession.id)).where(EndedSession.id.in_(session_ids)).scalar_subquery()
    statement = select(User, Tenant, ended).join(Tenant, Tenant.id == User.tenant_id)
    return statement.where(User.id.in_(sorted({key.user_id for key in asked})))


def _is_valid(user: User, key: SessionUser) -> bool:
    return user.disabled_at is None and sessions.stamp(user.sessions_from) == key.since


def panel_scope(user: User, tenant: Tenant) -> PanelScope:
    return PanelScope(tenant.id, user.role, tenant.locale, tenant.timezone, tenant.currency)


def _limit(entries: dict[Any, Any]) -> None:
    """Empty a full cache."""
    if len(entries) > MAX_KEPT:
        entries.clear()


def init_app(app: Flask) -> None:
    app.extensions["doorbell_user_cache"] = UserCache(app)


def cached_users() -> UserCache:
    """The running app's cache of users."""
    return cast(UserCache, current_app.extensions["doorbell_user_cache"])
