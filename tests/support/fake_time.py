"""A clock that moves only when a test moves it."""

from __future__ import annotations

import threading


class FakeTime:
    """`clock` returns seconds. `sleep` returns once `advance` has moved the clock far enough."""

    def __init__(self, now: float = 1_000.0) -> None:
        self._now = now
        self._moved = threading.Condition()
        self.sleeping = 0  # the number of threads in `sleep`

    def clock(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._moved:
            until = self._now + seconds
            self.sleeping += 1
            self._moved.wait_for(lambda: self._now >= until)
            self.sleeping -= 1

    def advance(self, seconds: float) -> None:
        with self._moved:
            self._now += seconds
            self._moved.notify_all()
