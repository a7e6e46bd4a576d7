"""A clock that a test sets forward."""

from __future__ import annotations


class Clock:
    """Counts seconds from `now`."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
