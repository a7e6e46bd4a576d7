"""Growing waits after faults in a row, so that what comes back is not run over by those who wait for it."""

from __future__ import annotations

import random

FIRST_SECONDS, LONGEST_SECONDS = 0.2, 2.0  # each wait is shortened at random, so that hosts spread


class Backoff:
    """Growing waits after faults in a row, in seconds."""

    def __init__(self) -> None:
        self._seconds = FIRST_SECONDS

    def next(self) -> float:
        wait = self._seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads hosts, keeps no secret
        self._seconds = min(self._seconds * 2, LONGEST_SECONDS)
        return wait

    def reset(self) -> None:
        self._seconds = FIRST_SECONDS
