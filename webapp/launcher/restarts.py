"""When a process that ended is started again, and when that is given up."""

from __future__ import annotations

import signal

from ..config import CANNOT_START

FIRST_SECONDS = 0.5  # of the back-off, which doubles
MAX_SECONDS = 30.0
LASTING_SECONDS = 10.0  # a process that ran for so long has started; after it the back-off begins from the first
STARTS = 5  # that failed one after the other, and then a process that has never run is given up


class Restarts:
    """Those of one process."""

    def __init__(self) -> None:
        self._has_run = False
        self._failed = 0  # starts, one after the other

    def after(self, code: int, ran_seconds: float) -> float | None:
        """How long to wait before the next start; None where the process cannot be started at all."""
        if ran_seconds >= LASTING_SECONDS:
            self._has_run, self._failed = True, 0
        if not self._has_run and (code == CANNOT_START or self._failed + 1 >= STARTS):
            return None
        self._failed += 1
        return min(MAX_SECONDS, FIRST_SECONDS * 2.0 ** min(self._failed - 1, 20))


def how_it_ended(code: int) -> str:
    """In words: "ended with exit code 1", "was ended by SIGKILL"."""
    number = -code if code < 0 else code - 128  # a shell that waited for it adds 128
    if number in [each.value for each in signal.Signals]:
        return f"was ended by {signal.Signals(number).name}"
    return f"ended with exit code {code}"
