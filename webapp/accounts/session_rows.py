"""Writes rows of `user_sessions`: at a sign-in, and about once per minute for the sessions in use.

The statements cover users of all tenants at once, because they run outside of requests.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeVar

from flask import current_app
from sqlalchemy import text
from sqlalchemy.orm import Session

from ..db import db
from ..models import SESSION_METHOD_MAX_CHARS, SESSION_TEXT_MAX_CHARS
from .sessions import SessionKey

# A session that another process has just written is not written again.
FRESH_SECONDS = 30
IDS_PER_STATEMENT = 1000

# A session without a row is one of an earlier version. Functions, because the rows are of several tenants
# (migrations/sql/0035_tenancy.sql).
_UPSERT = text("""
SELECT tenancy_write_sessions(
    CAST(:ids AS uuid[]), CAST(:users AS bigint[]), CAST(:ends AS bigint[]), CAST(:sinces AS bigint[]),
    CAST(:addresses AS text[]), CAST(:browsers AS text[]), CAST(:lifetime AS double precision), CAST(:method AS text))
""")
_TOUCH = text("SELECT tenancy_see_sessions(CAST(:ids AS uuid[]), CAST(:fresh AS double precision))")


T = TypeVar("T")


class PageView(NamedTuple):
    """A page that a user opened. `browser` is its name in words, "" when it is not known."""

    user_id: int
    session: SessionKey
    address: str
    browser: str


def begin(view: PageView, method: str) -> None:
    """Add the row of a session that begins now, and commit. `method` is how the user signed in."""
    with Session(db.engine) as writing:
        write_views(writing, [view], method[:SESSION_METHOD_MAX_CHARS])
        writing.commit()


def write_views(writing: Session, views: Sequence[PageView], method: str = "") -> None:
    """Set when, from where and with which browser these sessions were used last. Adds the rows that are missing."""
    lifetime = current_app.permanent_session_lifetime.total_seconds()
    for batch in _batches(views):
        columns = {
            "ids": [view.session.id for view in batch],
            "users": [view.user_id for view in batch],
            "ends": [view.session.ends for view in batch],
            "sinces": [view.session.since for view in batch],
            "addresses": [view.address[:SESSION_TEXT_MAX_CHARS] for view in batch],
            "browsers": [view.browser[:SESSION_TEXT_MAX_CHARS] for view in batch],
        }
        writing.execute(_UPSERT, {**columns, "lifetime": lifetime, "method": method})


def touch(writing: Session, session_ids: Collection[str]) -> None:
    """Set that these sessions are in use. Those without a row stay without."""
    for batch in _batches(sorted(session_ids)):
        writing.execute(_TOUCH, {"ids": list(batch), "fresh": FRESH_SECONDS})


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[first : first + IDS_PER_STATEMENT] for first in range(0, len(items), IDS_PER_STATEMENT)]
