"""A cache of signed-in users in the process, so that queries do not grow with the number of open pages.

Rights and sessions must be checked at least once a minute; KEPT_SECONDS is far below that. Writing requests call `reload`,
which ignores the cache. Expired users are loaded together: for a thousand pages that is a few queries per ten seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import takewhile

from cachetools import FIFOCache
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ..concurrency.batch_loader import BatchLoader
from . import sessions
from .cached_user import CachedUser, SessionUser, read_users
from .cookie_cache import CookieCache
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
# Users and ended sessions each; a user takes about 2 KB. In a full cache the entry that was read first is dropped.
MAX_KEPT = 20_000


class UserCache:
    """`clock` counts seconds, `now` is epoch seconds. Queries need an app context; `get_by_cookie` makes its own.

    A session that was not used for `idle` has ended. `seen` are the ids of sessions in use, for sightings.py.
    """

    def __init__(self, app: Flask, clock: Callable[[], float] = time.monotonic, idle: timedelta | None = None) -> None:
        self._app, self.clock, self.now, self.idle = app, clock, time.time, idle
        self.seen: set[str] = set()
        self._lock = threading.Lock()
        # In the order in which they were read.
        self._kept: FIFOCache[SessionUser, CachedUser] = FIFOCache(MAX_KEPT)
        self._ended: FIFOCache[str, None] = FIFOCache(MAX_KEPT)  # ids of sessions
        self.cookies = CookieCache(lambda: self.clock())
        self._loader: BatchLoader[SessionUser, CachedUser] = BatchLoader()
        self._away_until = float("-inf")

    @property
    def kept(self) -> tuple[int, int]:
        """The numbers of users and of Cookie headers in this process."""
        return len(self._kept), len(self.cookies)

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
        """User and session of a Cookie header; the user as `get` returns it. Needs no app context.

        The signature of a header is verified at most once per HEADER_SECONDS. None if Flask has to check or refuse the request,
        and while PostgreSQL is away.
        """
        known = self.cookies.get(header)
        if known is None:
            return self._verify(header)
        user = self._cached(known.user) or self._find_in_context(known.user)
        return (user, known.session) if user else None

    def _verify(self, header: str) -> tuple[CachedUser, SessionKey | None] | None:
        """As `find_by_cookie`, for a header that is not known: after a restart, thousands of pages send theirs at once."""
        read = sessions.read_cookie(self._app, header)
        if read is None or self.is_over(read[1]):
            return None
        user_id, session = read
        user = self._find_in_context(SessionUser.of(user_id, session))
        if user is None:
            return None
        self._remember(header, user_id, session)
        return user, session

    def remember_cookie(self, header: str, user_id: int) -> None:
        """Cache the header of the current request, whose session Flask has just verified as this user's."""
        self._remember(header, user_id, sessions.current())

    def _remember(self, header: str, user_id: int, session: SessionKey | None) -> None:
        # Without a session id the age of the cookie is not known.
        seconds = min(HEADER_SECONDS, session.ends - self.now()) if session else KEPT_SECONDS
        self.cookies.remember(header, user_id, session, seconds)

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
        ended = set(session_ids)
        if not ended:
            return
        with self._lock:
            self._ended.update(dict.fromkeys(ended))
        self._drop(lambda key, _cached: key.session_id in ended)

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
        try:
            # A single read of a dict, which needs no lock; cachetools' `get` has two.
            found = self._kept[key]
        except KeyError:
            return None
        if self.clock() - found.read_at > KEPT_SECONDS or key.session_id in self._ended:
            return None
        found.used = True
        return found

    def _load(self, asked: set[SessionUser]) -> Mapping[SessionUser, CachedUser]:
        """Load these users, and those that expire soon, in one query. The result lacks users without a valid session."""
        asked = asked | self._due(asked)
        found = read_users(asked, self.clock(), self.idle)
        self.end(*found.ended)
        # Each was used since it was read last, so the many requests for panels in between need not count themselves.
        self.seen.update(key.session_id for key in found.users if key.session_id)
        with self._lock:
            for key in asked:
                # Removed first, so that the order is that of reading.
                self._kept.pop(key, None)
            self._kept.update(found.users)
        return found.users

    def _due(self, asked: set[SessionUser]) -> set[SessionUser]:
        """Other users that were used and expire soon. Unused ones are dropped."""
        with self._lock:
            # A new user does not trigger this; the next expiry of a cached one does.
            if not any(key in self._kept for key in asked):
                return set()
            now = self.clock()
            old = list(takewhile(lambda entry: now - entry[1].read_at > DUE_SECONDS, self._kept.items()))
            for key, cached in old:
                if not cached.used and key not in asked:
                    del self._kept[key]
        return set([key for key, cached in old if cached.used][:MAX_AT_ONCE])

    def _drop(self, matches: Callable[[SessionUser, CachedUser], bool]) -> None:
        with self._lock:
            for key in [key for key, cached in self._kept.items() if matches(key, cached)]:
                del self._kept[key]
