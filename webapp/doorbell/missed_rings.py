"""Lost bells: safety drains that found something. There should be none; a writer with `doorbell.ring = off` makes some."""

from __future__ import annotations

import time

from ..observability import logs
from ..observability.incidents import REMINDER_SECONDS
from ..observability.metrics import listener as metrics
from .quiet_mode import State

log = logs.get("listener")


class MissedRings:
    """Counts safety drains that found something. The ring may still be on its way: then it is no lost bell."""

    def __init__(self) -> None:
        self._unrung = False
        self._told = -REMINDER_SECONDS

    def drained(self, why: str, events: int) -> None:
        if self._unrung:  # and nothing was heard between that drain and this one
            metrics.MISSED_RINGS.inc()
            self._tell()
        self._unrung = why == State.ASLEEP.value and events > 0

    def _tell(self) -> None:
        """Once a minute: a writer with `doorbell.ring = off` is a regular customer."""
        if time.monotonic() - self._told >= REMINDER_SECONDS:
            self._told = time.monotonic()
            log.warning("a safety drain found events that nobody had rung for")

    def heard(self, rings: int) -> None:
        if rings:
            self._unrung = False
