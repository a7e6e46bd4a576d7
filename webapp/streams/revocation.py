"""The check for ended sessions and users of open streams: one or two queries for all, and no connection held between checks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..accounts.sessions import stamp
from ..accounts.user_cache import UserCache
from ..db import db
from ..models import EndedSession
from .base import Stream

IDS_PER_QUERY = 1000
# Far longer than a transaction that ends sessions stays open.
RECENT = timedelta(seconds=60)

T = TypeVar("T", int, str)


@dataclass(frozen=True)
class Standing:
    """A user's row as it is now. `since` is the stamp that a valid session carries.

    `lacks_factor`: the company requires a second factor, and the user has none.
    """

    tenant_id: int
    disabled: bool
    since: int | None
    lacks_factor: bool


@dataclass(frozen=True)
class RecentlyEnded:
    """All that ended in the last minute: sessions of users, single sessions by sign-out, and links of TVs by revocation."""

    users: Mapping[int, Standing] = field(default_factory=dict)
    sessions: frozenset[str] = frozenset()
    tv_links: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.users or self.sessions or self.tv_links)

    def cause(self, stream: Stream) -> str | None:
        """Why the stream has to end, one of metrics.DROP_CAUSES; None when it does not."""
        if stream.session and stream.session.id in self.sessions:
            return "session"
        if -stream.user_id in self.tv_links:
            return "rights"
        user = self.users.get(stream.user_id)
        return _cause(user, stream) if user else None


class Revocations:
    """Checks the users and sessions of open streams."""

    def __init__(self, app: Flask, users: UserCache) -> None:
        self._app, self._user_cache = app, users

    def revoked(self, streams: Iterable[Stream]) -> Iterator[tuple[Stream, str]]:
        """The streams that have to end, each with its cause of metrics.DROP_CAUSES.

        `session`: its session was ended or is too old. `rights`: its user was deleted, disabled or moved to another tenant,
        or has to set up a second factor, or its TV's link was revoked.
        While PostgreSQL is away only the age of sessions is checked.
        """
        checked, now = list(streams), time.time()
        session_ids = {stream.session.id for stream in checked if stream.session}
        users: Mapping[int, Standing] | None = None
        ended: set[str] = set()
        links: set[int] | None = None
        try:
            with self._app.app_context(), Session(db.engine) as session:
                users = _standings(session, {stream.user_id for stream in checked if stream.user_id > 0})
                links = _valid_links(session, {-stream.user_id for stream in checked if stream.user_id < 0})
                ended = _ended(session, session_ids)
        except SQLAlchemyError:
            pass
        for stream in checked:
            if stream.session and (stream.session.id in ended or stream.session.ends <= now):
                yield stream, "session"
            elif stream.user_id < 0:
                if links is not None and -stream.user_id not in links:
                    yield stream, "rights"
            elif users is not None and (cause := _cause(users.get(stream.user_id), stream)):
                yield stream, cause

    def recently_ended(self) -> RecentlyEnded:
        """All that ended in the last minute; also removed from this process's user cache. Empty while PostgreSQL is away."""
        since = func.now() - RECENT
        try:
            with self._app.app_context(), Session(db.engine) as session:
                users = dict(_rows(session, [], since))
                signed_out = session.scalars(select(EndedSession.id).where(EndedSession.ended_at > since))
                links = session.scalars(select(func.tenancy_revoked_tv_links(since)))
                found = RecentlyEnded(users, frozenset(signed_out), frozenset(links))
        except SQLAlchemyError:
            return RecentlyEnded()
        self._user_cache.forget(*found.users)
        self._user_cache.end(*found.sessions)
        return found

    def tenant_changed(self, tenant_id: int) -> None:
        """Re-read the tenant's cached users at their next request."""
        self._user_cache.forget_tenant(tenant_id)

    def user_changed(self, user_id: int) -> None:
        """Re-read the cached user at the next request."""
        self._user_cache.forget(user_id)


def _cause(user: Standing | None, stream: Stream) -> str | None:
    if user is None or user.disabled or user.tenant_id != stream.tenant_id:
        return "rights"
    if user.lacks_factor and not (stream.session and stream.session.vouched):
        return "rights"
    return None if user.since == (stream.session.since if stream.session else None) else "session"


def _standings(session: Session, users: set[int]) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    for batch in _in_batches(users):
        found.update(_rows(session, batch, None))
    return found


def _rows(session: Session, user_ids: list[int], ended_since: Any) -> Iterator[tuple[int, Standing]]:
    """Users of all tenants, by a function of the database: of these ids, and whose sessions ended since a moment."""
    names = ("id", "tenant_id", "is_disabled", "sessions_from", "lacks_factor")
    rows = func.tenancy_standings(user_ids, ended_since).table_valued(*names)
    for user_id, tenant_id, disabled, sessions_from, lacks_factor in session.execute(select(rows)):
        yield user_id, Standing(tenant_id, disabled, stamp(sessions_from), lacks_factor)


def _ended(session: Session, session_ids: set[str]) -> set[str]:
    found: set[str] = set()
    for batch in _in_batches(session_ids):
        found.update(session.scalars(select(EndedSession.id).where(EndedSession.id.in_(batch))))
    return found


def _valid_links(session: Session, links: set[int]) -> set[int]:
    found: set[int] = set()
    for batch in _in_batches(links):
        found.update(session.scalars(select(func.tenancy_valid_tv_links(batch))))
    return found


def _in_batches(ids: set[T]) -> Iterator[list[T]]:
    rest = iter(sorted(ids))
    while batch := list(islice(rest, IDS_PER_QUERY)):
        yield batch
