"""Restarts: the back-off of a process that ended, and when to give it up."""

from __future__ import annotations

import signal

from ..concurrency.backoff import Backoff
from ..config import CANNOT_START

# The first back-off, which doubles up to MAX_SECONDS.
FIRST_SECONDS = 0.5
MAX_SECONDS = 30.0
# A process that ran this long counts as started, unless it says otherwise, and its back-off begins again.
STARTED_SECONDS = 10.0
# A process that has never started is given up after this number of failures in a row.
MAX_FAILED_STARTS = 5


class Restarts:
    """The restarts of one process."""

    def __init__(self) -> None:
        self._has_started = False
        # Failed starts in a row.
        self._failed = 0
        # Without jitter, because all processes are on one host.
        self._backoff = Backoff(FIRST_SECONDS, MAX_SECONDS, jitter=0.0)

    def after(self, code: int, ran_seconds: float) -> float | None:
        """Seconds to wait before the next start; None for a process that cannot be started at all."""
        # On a busy machine a process may need as long to find that it cannot start.
        if ran_seconds >= STARTED_SECONDS and code != CANNOT_START:
            self._has_started, self._failed = True, 0
            self._backoff.reset()
        if not self._has_started and (code == CANNOT_START or self._failed + 1 >= MAX_FAILED_STARTS):
            return None
        self._failed += 1
        return self._backoff.next()


def how_it_ended(code: int) -> str:
    """The end of a process as text: "ended with exit code 1", "was ended by SIGKILL"."""
    # A shell in between reports a signal as 128 plus its number.
    number = -code if code < 0 else code - 128
    if number in [each.value for each in signal.Signals]:
        return f"was ended by {signal.Signals(number).name}"
    return f"ended with exit code {code}"
