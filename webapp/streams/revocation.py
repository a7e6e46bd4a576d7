"""Whose rights or session have ended: a query or two for many streams, and no connection held between two looks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar, cast

from flask import Flask
from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..accounts.sessions import stamp
from ..accounts.user_cache import UserCache
from ..db import db
from ..models import EndedSession, User
from .base import Stream

IDS_PER_QUERY = 1000
LATELY = timedelta(seconds=60)  # longer than a transaction that ends sessions stays open, by far

T = TypeVar("T", int, str)


@dataclass(frozen=True)
class Standing:
    """A user as the row has it now. `since` is the stamp that a session must carry to count."""

    tenant_id: int
    disabled: bool
    since: int | None


@dataclass(frozen=True)
class Lately:
    """The users whose sessions ended in the last minute, and the sessions that were signed out in it."""

    users: Mapping[int, Standing] = field(default_factory=dict)
    sessions: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.users or self.sessions)

    def cause(self, stream: Stream) -> str | None:
        """Why the stream has to end, one of metrics.DROP_CAUSES; None when it goes on."""
        if stream.session and stream.session.id in self.sessions:
            return "session"
        user = self.users.get(stream.user_id)
        return _cause(user, stream) if user else None


class Revocations:
    """Asks about users and sessions after their requests are over."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def ended(self, streams: Iterable[Stream]) -> Iterator[tuple[Stream, str]]:
        """The streams that have to end, each with the cause of metrics.DROP_CAUSES: `session` when it was ended or is too
        old, `rights` when its user is gone, disabled or of another tenant. With PostgreSQL away only ages are known."""
        asked, now = list(streams), time.time()
        sessions = {stream.session.id for stream in asked if stream.session}
        users: Mapping[int, Standing] | None = None
        over: set[str] = set()
        try:
            with self._app.app_context(), Session(db.engine) as reading:
                users = _standings(reading, {stream.user_id for stream in asked})
                over = _ended(reading, sessions)
        except SQLAlchemyError:
            pass
        for stream in asked:
            if stream.session and (stream.session.id in over or stream.session.ends <= now):
                yield stream, "session"
            elif users is not None and (cause := _cause(users.get(stream.user_id), stream)):
                yield stream, cause

    def lately(self) -> Lately:
        """What ended lately, which this process's visitors then know as well. Empty with PostgreSQL away."""
        since = func.now() - LATELY
        try:
            with self._app.app_context(), Session(db.engine) as reading:
                users = dict(_rows(reading, _STANDING.where(User.sessions_from > since)))
                signed_out = reading.scalars(select(EndedSession.id).where(EndedSession.ended_at > since))
                found = Lately(users, frozenset(signed_out))
        except SQLAlchemyError:
            return Lately()
        self._visitors.forget(*found.users)
        self._visitors.end(*found.sessions)
        return found

    def tenant_changed(self, tenant_id: int) -> None:
        """This process's visitors of the tenant are read again at their next request."""
        self._visitors.forget_tenant(tenant_id)

    @property
    def _visitors(self) -> UserCache:
        return cast(UserCache, self._app.extensions["doorbell_user_cache"])


_STANDING = select(User.id, User.tenant_id, User.disabled_at.is_not(None), User.sessions_from)


def _cause(user: Standing | None, stream: Stream) -> str | None:
    if user is None or user.disabled or user.tenant_id != stream.tenant_id:
        return "rights"
    return None if user.since == (stream.session.since if stream.session else None) else "session"


def _standings(reading: Session, users: set[int]) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    for some in _in_parts(users):
        found.update(_rows(reading, _STANDING.where(User.id.in_(some))))
    return found


def _rows(reading: Session, statement: Select[int, int, bool, datetime | None]) -> Iterator[tuple[int, Standing]]:
    for user_id, tenant_id, disabled, sessions_from in reading.execute(statement):
        yield user_id, Standing(tenant_id, disabled, stamp(sessions_from))


def _ended(reading: Session, sessions: set[str]) -> set[str]:
    found: set[str] = set()
    for some in _in_parts(sessions):
        found.update(reading.scalars(select(EndedSession.id).where(EndedSession.id.in_(some))))
    return found


def _in_parts(ids: set[T]) -> Iterator[list[T]]:
    rest = iter(sorted(ids))
    while some := list(islice(rest, IDS_PER_QUERY)):
        yield some
