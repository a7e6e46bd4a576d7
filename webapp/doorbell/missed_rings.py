"""Missed rings: safety drains that found events without a ring. A writer with `doorbell.ring = off` causes some."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..observability import logs
from ..observability.incidents import REMINDER_SECONDS
from ..observability.metrics import listener as metrics
from .quiet_mode import State

log = logs.get("listener")


class MissedRings:
    """Counts safety drains that found events. A ring that arrives before the next drain was late, not missed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found_without_ring = False
        self._logged_at = -REMINDER_SECONDS

    def drained(self, reason: str, events: int) -> None:
        """Call after each drain, with its reason and the number of events that it read."""
        if self._found_without_ring:
            metrics.MISSED_RINGS.inc()
            self._log()
        self._found_without_ring = reason == State.ASLEEP.value and events > 0

    def received(self, rings: int) -> None:
        """Call with the number of rings that arrived, the listener's own not counted."""
        if rings:
            self._found_without_ring = False

    def _log(self) -> None:
        # At most one line per minute: a writer with `doorbell.ring = off` may be a regular one.
        if self._clock() - self._logged_at >= REMINDER_SECONDS:
            self._logged_at = self._clock()
            log.warning("safety drain found events without a ring")
