"""Rounds of renders: each panel of a tenant is rendered once per round at most, and all of them close together.

Pages request several panels in one batch. If each panel had a time of its own, a batch would wait for the last of them, and
show the others late.
"""

from __future__ import annotations

import math

from .pacing import render_seconds


class Round:
    """The present round of one tenant. The caller gives the time, in seconds of one clock."""

    def __init__(self) -> None:
        self.began = -math.inf

    def next_start(self, now: float, last: float | None, cost_seconds: float, round_seconds: float) -> float:
        """The earliest start of a panel's render. `last` is the start of the one before it, which took `cost_seconds`.

        A panel that was not yet rendered in this round starts at once. So does any panel after a pause.
        """
        if last is None:
            return now
        may_start = last + render_seconds(cost_seconds)
        end = self.began + round_seconds
        if not round_seconds or now >= end:
            return max(now, may_start)
        earliest = max(may_start, now if last < self.began else end)
        if earliest <= now:
            return now
        # A dear panel waits for the beginning of a later round.
        return end + math.ceil(max(0.0, earliest - end) / round_seconds) * round_seconds

    def started(self, now: float, round_seconds: float) -> None:
        """A render starts: the first one after the end of a round begins the next."""
        if now >= self.began + round_seconds:
            self.began = now
