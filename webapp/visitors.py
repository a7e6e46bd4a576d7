"""Who is signed in, kept in the process for a moment, so that queries do not grow with those who watch.

Rights are to be re-checked at least once a minute; KEPT_SECONDS is far below that. What writes asks `fresh` and trusts
nothing that is kept. Those whose moment is over are asked for together: a thousand watchers are a few queries in ten
seconds and not a thousand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from .db import db
from .models import Tenant, User
from .together import Together

KEPT_SECONDS = 10.0  # how long somebody who was removed or moved can still read; writing ends at once
DUE_SECONDS = KEPT_SECONDS / 2  # who is this old is asked for again with the others
MOST_AT_ONCE = 500  # rows a query
MOST_KEPT = 20_000  # visitors and cookies each, about 2 KB a visitor
COOKIE_CHARS = 1000  # a longer header is not kept; a session's is about 200


class Audience(NamedTuple):
    """Those who see the same panels: all that a panel's content depends on beside the data."""

    tenant_id: int
    role: str  # no panel differs by role today; one that will is not shown to the wrong people
    locale: str
    timezone: str
    currency: str


@dataclass
class Visitor:
    """A user with the tenant, as read at `read_at` (seconds of the cache's clock). Both are detached: for reading."""

    user: User
    tenant: Tenant
    read_at: float
    audience: Audience
    is_here: bool = False  # has asked for something since `read_at`


class Visitors:
    """`clock` counts seconds. Querying needs an app context; what is kept does not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._kept: dict[int, Visitor] = {}
        self._cookies: dict[str, tuple[int, float]] = {}  # header -> user id, when its signature was verified
        self._together: Together[int, Visitor] = Together()

    def get(self, user_id: int) -> Visitor | None:
        """As they were at most KEPT_SECONDS ago; None when there is nobody with this id."""
        found = self.kept(user_id) or self._together.get(user_id, self._read)
        if found is not None:
            found.is_here = True
        return found

    def fresh(self, user_id: int) -> Visitor | None:
        """As they are now."""
        return self._read({user_id}).get(user_id)

    def kept(self, user_id: int) -> Visitor | None:
        """Without a query, so None may also mean that nothing is kept of them."""
        found = self._kept.get(user_id)
        if found is None or self.clock() - found.read_at > KEPT_SECONDS:
            return None
        found.is_here = True
        return found

    def of_cookie(self, header: str) -> Visitor | None:
        """Whose Cookie header this is, if it was verified in the last KEPT_SECONDS. Without a query."""
        user_id, verified_at = self._cookies.get(header, (0, 0.0))
        return self.kept(user_id) if user_id and self.clock() - verified_at <= KEPT_SECONDS else None

    def remember_cookie(self, header: str, user_id: int) -> None:
        """Its session was verified just now, and is this user's."""
        if len(header) <= COOKIE_CHARS:
            _make_room(self._cookies)
            self._cookies[header] = (user_id, self.clock())

    def forget(self, user_id: int) -> None:
        """Their rights changed, or they signed out."""
        self._kept.pop(user_id, None)

    def _read(self, user_ids: set[int]) -> Mapping[int, Visitor]:
        asked = user_ids | self._due(user_ids)
        now = self.clock()
        statement = select(User, Tenant).join(Tenant, Tenant.id == User.tenant_id).where(User.id.in_(asked))
        with Session(db.engine) as session:
            found = {
                user.id: Visitor(user, tenant, now, audience_of(user, tenant))
                for user, tenant in session.execute(statement)
            }
        for user_id in asked - found.keys():
            self._kept.pop(user_id, None)
        _make_room(self._kept)
        self._kept.update(found)
        return found

    def _due(self, user_ids: set[int]) -> set[int]:
        """Others who are here and will have to be asked for soon. Those who left are let go."""
        if not user_ids & self._kept.keys():
            return set()  # somebody new: the others' time comes with one of them
        now = self.clock()
        old = [(user_id, kept) for user_id, kept in list(self._kept.items()) if now - kept.read_at > DUE_SECONDS]
        for user_id, kept in old:
            if not kept.is_here and user_id not in user_ids:
                self._kept.pop(user_id, None)
        return set([user_id for user_id, kept in old if kept.is_here][:MOST_AT_ONCE])


def audience_of(user: User, tenant: Tenant) -> Audience:
    return Audience(tenant.id, user.role, tenant.locale, tenant.timezone, tenant.currency)


def _make_room(kept: dict[Any, Any]) -> None:
    if len(kept) > MOST_KEPT:
        kept.clear()


def init_app(app: Flask) -> None:
    app.extensions["doorbell_visitors"] = Visitors()


def visitors() -> Visitors:
    """The running app's."""
    return cast(Visitors, current_app.extensions["doorbell_visitors"])
