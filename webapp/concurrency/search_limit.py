"""How many searches run at once, in this process: so many of one user, so many of one tenant.

A search takes a connection of the pool while it runs. One person who sends many would have them all, and every other
tenant's pages would wait. Who is over the limit waits a moment, without a connection, and is then asked to come back.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app

USER_SEARCHES = 2  # of one user at once
TENANT_SEARCHES = 4  # of one tenant at once; the pool has 20 connections
WAIT_SECONDS = 2.0  # for a place, before the answer is to come back later
RETRY_SECONDS = 3


class TooManySearches(Exception):
    """No place came free. `whose` is "user" or "tenant"."""

    def __init__(self, whose: str) -> None:
        super().__init__(f"too many searches of one {whose} at once")
        self.whose = whose


class SearchLimit:
    """Places for searches, counted by user and by tenant."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._freed = threading.Condition()
        self._running: Counter[tuple[str, int]] = Counter()

    @contextmanager
    def place(self, tenant_id: int, user_id: int) -> Iterator[None]:
        """Raises TooManySearches after WAIT_SECONDS without a place."""
        user, tenant = ("user", user_id), ("tenant", tenant_id)
        with self._freed:
            if not self._freed.wait_for(lambda: self._full(user, tenant) is None, self._wait_seconds):
                raise TooManySearches(self._full(user, tenant) or "user")
            self._running.update((user, tenant))
        try:
            yield
        finally:
            with self._freed:
                self._running.subtract((user, tenant))
                self._running += Counter()  # forgets who has none
                self._freed.notify_all()

    def _full(self, user: tuple[str, int], tenant: tuple[str, int]) -> str | None:
        if self._running[user] >= USER_SEARCHES:
            return "user"
        return "tenant" if self._running[tenant] >= TENANT_SEARCHES else None


def init_app(app: Flask) -> None:
    app.extensions["doorbell_search_limit"] = SearchLimit()


def search_limit() -> SearchLimit:
    limit: SearchLimit = current_app.extensions["doorbell_search_limit"]
    return limit
