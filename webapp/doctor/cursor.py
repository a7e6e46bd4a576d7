"""Checks of the readers' cursors: saved, valid in this cluster, and without old unread events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from ..outbox.cursor import why_unusable
from ..outbox.drain import LISTENER
from ..outbox.reader import Reader, Unread
from ..rollups.refresh import ROLLUPS
from .finding import Finding, duration, fault, ok
from .system import System

# The highest number of unread events that is counted.
COUNT_LIMIT = 1000
# Time before a second count: an old event may have been committed just now.
RECHECK_SECONDS = 2.0


@dataclass(frozen=True)
class _Watched:
    """A reader, the allowed age of its unread events, and how to start it."""

    reader: Reader
    grace_seconds: float
    start: str


_LISTENER = _Watched(LISTENER, 10.0, "Start listener_worker.py, or see its log.")
_ROLLUPS = _Watched(
    ROLLUPS, 300.0, "Start Celery's worker and beat, or see the worker's log for tasks.rollups.refresh."
)


def check_listener(system: System) -> Iterator[Finding]:
    yield from _check(system, _LISTENER)


def check_rollups(system: System) -> Iterator[Finding]:
    yield from _check(system, _ROLLUPS)


def _check(system: System, watched: _Watched) -> Iterator[Finding]:
    reader = watched.reader
    with system.postgresql() as conn:
        saved = reader.saved(conn)
        if saved is None:
            yield fault(f"{reader.name} has no saved cursor: it has never read", watched.start)
            return
        now = reader.present(conn)
        unusable = why_unusable(saved, now)
        if unusable is not None:
            yield fault(
                f"{reader.name} cannot continue: {unusable}",
                f"Restart it: it then begins with a new cursor, and every page refetches. {watched.start}",
            )
            return
        unread = _unread(conn, watched)
        if unread.events:
            time.sleep(RECHECK_SECONDS)
            unread = _unread(conn, watched)
        if unread.events:
            count = f"more than {COUNT_LIMIT:,}" if unread.events > COUNT_LIMIT else unread.events
            yield fault(
                f"unread by {reader.name} and older than {duration(watched.grace_seconds)}: {count} "
                f"event{'' if count == 1 else 's'}, the oldest {duration(unread.oldest_seconds or 0)} old",
                watched.start,
            )
    since = (now.drained_at - saved.drained_at).total_seconds()
    yield ok(f"{reader.name} has read up to {saved.snapshot}; its last event was {duration(since)} ago")


def _unread(conn: psycopg.Connection[Any], watched: _Watched) -> Unread:
    return watched.reader.unread(conn, older_than_seconds=watched.grace_seconds, limit=COUNT_LIMIT + 1)
