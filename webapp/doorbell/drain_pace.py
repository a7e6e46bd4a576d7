"""The time between two drains while the listener is awake: as short as the cost of a drain allows."""

from __future__ import annotations

import statistics
from collections import deque

SHORTEST_SECONDS = 0.005
# Drains take this part of the time. The listener and its backend use at most 0.15 of a core meanwhile, because part of a drain
# is waiting. A drain takes longer while writers keep the processors busy; then it leaves them more.
SHARE = 0.19
# Drains whose median is the cost of one, so that a single slow drain changes nothing.
MEASURED_DRAINS = 9


class DrainPace:
    """The interval until the next drain: from SHORTEST_SECONDS to `longest` seconds.

    Empty drains lengthen it, because the changes that they wait for are rare: the first keeps it, each further one doubles it.
    """

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self._took: deque[float] = deque(maxlen=MEASURED_DRAINS)
        self._empty_drains = 0

    def drained(self, events: int, seconds: float) -> None:
        """Count a drain that found `events` and took `seconds`."""
        self._empty_drains = 0 if events else self._empty_drains + 1
        # An empty drain publishes nothing, so it does not show the cost of the others.
        if events:
            self._took.append(seconds)

    @property
    def interval(self) -> float:
        """Seconds from the end of a drain to the next. Before the first measurement it is the longest."""
        if not self._took:
            return self.longest
        shortest = min(SHORTEST_SECONDS, self.longest)
        rest = statistics.median(self._took) * (1 / SHARE - 1)
        return min(max(rest, shortest) * 2 ** max(0, min(self._empty_drains, 10) - 1), self.longest)
