"""Limits on the searches that run at once in this process, per user and per tenant.

A search holds a connection of the pool while it runs. Without limits one person who sends many searches would hold them
all, and the pages of every other tenant would wait. A search over the limit waits for a slot, without a connection, and
is then refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .slots import Slots

MAX_USER_SEARCHES = 2
# The pool has 20 connections.
MAX_TENANT_SEARCHES = 4
# How long a search waits for a slot.
WAIT_SECONDS = 2.0
# The Retry-After of a refused search.
RETRY_SECONDS = 3


class SearchLimit:
    """Slots for searches, counted per user and per tenant."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._slots = Slots({"user": MAX_USER_SEARCHES, "tenant": MAX_TENANT_SEARCHES}, wait_seconds)

    @contextmanager
    def slot(self, tenant_id: int, user_id: int) -> Iterator[None]:
        """Hold a slot during the block. Raises NoSlot after `wait_seconds` without one."""
        give_back = self._slots.take({"user": user_id, "tenant": tenant_id})
        try:
            yield
        finally:
            give_back()
