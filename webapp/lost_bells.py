"""Lost bells: safety drains that found something. There should be none; a writer with `doorbell.ring = off` makes some."""

from __future__ import annotations

from . import logs
from .metrics import listener as metrics
from .quiet import State

log = logs.get("listener")


class LostBells:
    """Counts safety drains that found something. The ring may still be on its way: then it is no lost bell."""

    def __init__(self) -> None:
        self._unrung = False

    def drained(self, why: str, events: int) -> None:
        if self._unrung:  # and nothing was heard between that drain and this one
            metrics.LOST_BELLS.inc()
            log.warning("a safety drain found events that nobody had rung for")
        self._unrung = why == State.ASLEEP.value and events > 0

    def heard(self, rings: int) -> None:
        if rings:
            self._unrung = False
