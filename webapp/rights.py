"""Whose rights or session have ended: a query or two for many streams, and no connection held between two looks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from .db import db
from .models import EndedSession, User
from .open_stream import Stream

IDS_PER_QUERY = 1000

T = TypeVar("T", int, str)
Owner = tuple[int, int]  # a user's id, and the tenant that it was of when the stream opened


class Rights:
    """Asks about users and sessions after their requests are over."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def ended(self, streams: Iterable[Stream]) -> Iterator[tuple[Stream, str]]:
        """The streams that have to end, each with the cause of metrics.DROP_CAUSES: `session` when it was signed out or is
        too old, `rights` when its user is gone or of another tenant. With PostgreSQL away nothing but ages is known."""
        asked, now = list(streams), time.time()
        owners = {(stream.user_id, stream.tenant_id) for stream in asked}
        sessions = {stream.session.id for stream in asked if stream.session}
        try:
            with self._app.app_context(), Session(db.engine) as reading:
                gone = owners - _owners(reading, {user for user, _tenant in owners})
                over = _ended(reading, sessions)
        except SQLAlchemyError:
            gone, over = set(), set()
        for stream in asked:
            if stream.session and (stream.session.id in over or stream.session.ends <= now):
                yield stream, "session"
            elif (stream.user_id, stream.tenant_id) in gone:
                yield stream, "rights"


def _owners(reading: Session, users: set[int]) -> set[Owner]:
    found: set[Owner] = set()
    for some in _in_parts(users):
        rows = reading.execute(select(User.id, User.tenant_id).where(User.id.in_(some)))
        found.update((user, tenant) for user, tenant in rows)
    return found


def _ended(reading: Session, sessions: set[str]) -> set[str]:
    found: set[str] = set()
    for some in _in_parts(sessions):
        found.update(reading.scalars(select(EndedSession.id).where(EndedSession.id.in_(some))))
    return found


def _in_parts(ids: set[T]) -> Iterator[list[T]]:
    rest = iter(sorted(ids))
    while some := list(islice(rest, IDS_PER_QUERY)):
        yield some
