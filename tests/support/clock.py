"""A clock that a test sets forward, and a time zone without a midnight during a test."""

from __future__ import annotations

from datetime import UTC, datetime


class Clock:
    """Counts seconds from `now`."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def midday_zone() -> str:
    """The zone in which it is between 12:00 and 13:00, so that what a test makes "today" stays of today."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # the sign is that of POSIX
