"""Exponential back-off with jitter, so that a server that comes back is not overrun by clients that waited for it."""

from __future__ import annotations

import random

MIN_SECONDS, MAX_SECONDS = 0.2, 2.0


class Backoff:
    """Waits that double with each fault in a row, from MIN_SECONDS to MAX_SECONDS.

    Each is shortened at random, to half at most, so that hosts do not retry together.
    """

    def __init__(self) -> None:
        self._seconds = MIN_SECONDS

    def next(self) -> float:
        """The seconds to wait after one more fault."""
        wait = self._seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter needs no secrecy
        self._seconds = min(self._seconds * 2, MAX_SECONDS)
        return wait

    def reset(self) -> None:
        """Call after a success: the next wait is a short one again."""
        self._seconds = MIN_SECONDS
