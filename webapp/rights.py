"""Whose rights have ended: one query for the users of many streams, and no connection held between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from .db import db
from .models import User

USERS_PER_QUERY = 1000

Owner = tuple[int, int]  # a user's id, and the tenant that it was of when the stream opened


class Rights:
    """Asks about users after their requests are over."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def ended(self, owners: Iterable[Owner]) -> set[Owner]:
        """Those whose user is gone or of another tenant. With PostgreSQL away nobody's rights have changed."""
        asked = set(owners)
        kept: set[Owner] = set()
        try:
            with self._app.app_context(), Session(db.engine) as session:
                for some in _in_parts(sorted({user for user, _tenant in asked})):
                    found = session.execute(select(User.id, User.tenant_id).where(User.id.in_(some)))
                    kept.update((user, tenant) for user, tenant in found)
        except SQLAlchemyError:
            return set()
        return asked - kept


def _in_parts(users: list[int]) -> Iterator[list[int]]:
    rest = iter(users)
    while some := list(islice(rest, USERS_PER_QUERY)):
        yield some
