"""Exponential back-off with jitter, so that a server that comes back is not overrun by clients that waited for it."""

from __future__ import annotations

import random

MIN_SECONDS, MAX_SECONDS = 0.2, 2.0
JITTER = 0.5


class Backoff:
    """Waits that double with each fault in a row, from `min_seconds` to `max_seconds`.

    Each is shortened at random by up to the share `jitter`, so that hosts do not retry together.
    """

    def __init__(
        self, min_seconds: float = MIN_SECONDS, max_seconds: float = MAX_SECONDS, jitter: float = JITTER
    ) -> None:
        self._min, self._max, self._jitter = min_seconds, max_seconds, jitter
        self._seconds = min_seconds

    def next(self) -> float:
        """The seconds to wait after one more fault."""
        wait = self._seconds * random.uniform(1.0 - self._jitter, 1.0)  # noqa: S311 - jitter needs no secrecy
        self._seconds = min(self._seconds * 2, self._max)
        return wait

    def reset(self) -> None:
        """Call after a success: the next wait is a short one again."""
        self._seconds = self._min
