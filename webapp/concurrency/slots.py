"""Slots for what may run only a few times at once in this process, counted per scope, such as a user or a tenant."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping


class NoSlot(Exception):
    """No slot became free. `scope` is the first one that is full."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"this {scope} has too many at once")
        self.scope = scope


class Slots:
    """`limits` has the most slots of one holder by scope. Threads may share it."""

    def __init__(self, limits: Mapping[str, int], wait_seconds: float) -> None:
        self._limits, self._wait_seconds = limits, wait_seconds
        self._freed = threading.Condition()
        self._taken: Counter[tuple[str, int]] = Counter()

    def take(self, holders: Mapping[str, int]) -> Callable[[], None]:
        """Take a slot of the holder of each scope; returns the function that gives them back, once.

        Raises NoSlot after `wait_seconds` without one.
        """
        keys = list(holders.items())
        with self._freed:
            if not self._freed.wait_for(lambda: self._full(holders) is None, self._wait_seconds):
                raise NoSlot(self._full(holders) or keys[0][0])
            self._taken.update(keys)

        def give_back() -> None:
            with self._freed:
                self._taken.subtract(keys)
                self._taken += Counter()  # drops the zeros
                keys.clear()
                self._freed.notify_all()

        return give_back

    def _full(self, holders: Mapping[str, int]) -> str | None:
        return next(
            (scope for scope in self._limits if self._taken[scope, holders[scope]] >= self._limits[scope]), None
        )
