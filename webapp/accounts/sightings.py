"""When sessions were in use last, collected in memory and written about once per minute, never by a request.

A session with a page, a panel or an open stream is in use, so a board on the wall is. A process that ends loses its newest
sightings, and `seen_at` is up to two minutes old.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..db import db
from ..observability import logs
from . import session_rows
from .session_rows import PageView
from .user_cache import UserCache

WRITE_SECONDS = 60.0
# In a crowd larger than this, further sessions are written a minute later.
MAX_KEPT = 20_000

log = logs.get("sessions")


class Sightings:
    """`streams` returns the ids of the sessions with an open stream."""

    def __init__(self, app: Flask, users: UserCache, streams: Callable[[], Iterable[str]]) -> None:
        self._app, self._users, self._streams = app, users, streams
        self._lock = threading.Lock()
        self._views: dict[str, PageView] = {}
        self._running = False

    def saw(self, view: PageView) -> None:
        """Remember that a page was opened. Makes no query."""
        with self._lock:
            if len(self._views) < MAX_KEPT or view.session.id in self._views:
                self._views[view.session.id] = view

    def start(self) -> None:
        """Begin to write, for a process that serves pages."""
        with self._lock:
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="sightings", daemon=True).start()

    def write(self) -> None:
        """Write what was collected. Raises SQLAlchemyError; it is then written at the next time."""
        with self._lock:
            views = sorted(self._views.values(), key=lambda view: view.session.id)
        seen = self._users.seen | set(self._streams())
        if not views and not seen:
            return
        with self._app.app_context(), Session(db.engine) as writing:
            session_rows.write_views(writing, views)
            session_rows.touch(writing, seen - {view.session.id for view in views})
            writing.commit()
        self._users.seen -= seen
        with self._lock:
            for view in views:
                if self._views.get(view.session.id) is view:
                    del self._views[view.session.id]

    def _run(self) -> None:
        """The thread's main loop."""
        pause = threading.Event()
        while True:
            pause.wait(WRITE_SECONDS)
            try:
                self.write()
            except SQLAlchemyError:
                # Other parts log that PostgreSQL is away.
                continue
            except Exception:
                log.exception("sessions were not written")
