"""A cache of Cookie headers whose signature was verified recently, so that a request for a panel need not verify it again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from cachetools import FIFOCache

from .cached_user import SessionUser
from .sessions import SessionKey

MAX_KEPT = 20_000
# Longer headers are not cached; a session's has about 300.
MAX_CHARS = 1000


class VerifiedCookie(NamedTuple):
    """`ends` is in seconds of the cache's clock."""

    user: SessionUser
    session: SessionKey | None
    ends: float


class CookieCache:
    """At most MAX_KEPT headers; those that were verified first are dropped first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # In the order of verification. Each panel request reads it, and cachetools' caches with a clock take 2 µs longer.
        self._kept: FIFOCache[str, VerifiedCookie] = FIFOCache(MAX_KEPT)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, header: str) -> VerifiedCookie | None:
        try:
            found = self._kept[header]
        except KeyError:
            return None
        return found if self._clock() <= found.ends else None

    def remember(self, header: str, user_id: int, session: SessionKey | None, seconds: float) -> None:
        """Keep a header that was verified now for `seconds`."""
        if len(header) <= MAX_CHARS:
            with self._lock:
                self._kept.pop(header, None)
                self._kept[header] = VerifiedCookie(SessionUser.of(user_id, session), session, self._clock() + seconds)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
