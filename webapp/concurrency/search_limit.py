"""Limits on the searches that run at once in this process, per user and per tenant.

A search holds a connection of the pool while it runs. Without limits one person who sends many searches would hold them
all, and the pages of every other tenant would wait. A search over the limit waits for a slot, without a connection, and
is then refused.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MAX_USER_SEARCHES = 2
# The pool has 20 connections.
MAX_TENANT_SEARCHES = 4
# How long a search waits for a slot.
WAIT_SECONDS = 2.0
# The Retry-After of a refused search.
RETRY_SECONDS = 3


class TooManySearches(Exception):
    """No slot became free. `scope` is "user" or "tenant"."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"this {scope} has too many searches at once")
        self.scope = scope


class SearchLimit:
    """Slots for searches, counted per user and per tenant."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._freed = threading.Condition()
        self._running: Counter[tuple[str, int]] = Counter()

    @contextmanager
    def slot(self, tenant_id: int, user_id: int) -> Iterator[None]:
        """Hold a slot during the block. Raises TooManySearches after `wait_seconds` without one."""
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
                self._running += Counter()  # drops the zeros
                self._freed.notify_all()

    def _full(self, user: tuple[str, int], tenant: tuple[str, int]) -> str | None:
        if self._running[user] >= MAX_USER_SEARCHES:
            return "user"
        return "tenant" if self._running[tenant] >= MAX_TENANT_SEARCHES else None
