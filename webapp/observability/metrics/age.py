"""A gauge that grows on its own. A gauge that a loop sets would keep its last good value when the loop hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import Gauge


class Age:
    """Seconds since `renew`, or since the process began. Not for the web process, where any worker answers for all."""

    def __init__(self, name: str, meaning: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        Gauge(name, meaning).set_function(self.seconds)

    def renew(self) -> None:
        self.set(0.0)

    def set(self, seconds: float) -> None:
        self._since = self._clock() - seconds

    def seconds(self) -> float:
        return self._clock() - self._since
