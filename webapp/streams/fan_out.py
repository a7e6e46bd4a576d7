"""When a tenant's signals are sent to all of its streams. Pure: the caller gives the time, sends, and reports the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..signals.coalesce import CoalescedSignal
from ..signals.signal import Signal

# The seconds from the end of a fan-out to the beginning of the next, by its duration and its number of streams.
Pause = Callable[[float, int], float]


@dataclass(eq=False, slots=True)
class FanOut:
    """One signal for all streams, coalesced from `count` signals. The caller stops when it is `discarded`."""

    signal: Signal
    count: int
    discarded: bool = False


class FanOutScheduler:
    """Decides when the next fan-out begins, and what it sends: all signals offered since the last one, coalesced.

    The first signal after a pause is due at once. One fan-out runs at a time. Times are seconds of one clock, which the
    caller reads. Not thread-safe: its caller holds a lock.
    """

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self._waiting = CoalescedSignal()
        self._count = 0  # of signals in it
        self._running: FanOut | None = None
        self._next = float("-inf")  # earliest start

    def offer(self, signal: Signal) -> bool:
        """Add a signal to the next fan-out. Returns whether the caller has to run a loop of `due` and `take`.

        It does not when a loop runs already: one that waits for the earlier signals, or for the end of a fan-out.
        """
        is_idle = not self._count and self._running is None
        self._waiting.add(signal)
        self._count += 1
        return is_idle

    def due(self, now: float) -> float | None:
        """Seconds until `take` has a fan-out; None when nothing waits, or one runs, whose loop then goes on."""
        if not self._count or self._running is not None:
            return None
        return self._next - now if self._next > now else 0.0

    def take(self, now: float) -> FanOut | None:
        """Begin the next fan-out; None when none is due. The caller reports its end by `finish`."""
        if self.due(now) != 0.0:
            return None
        self._running = FanOut(self._waiting.signal(), self._count)
        self._waiting, self._count = CoalescedSignal(), 0
        return self._running

    def finish(self, now: float, took_seconds: float, streams: int) -> None:
        """The running fan-out ended; it took `took_seconds` for this many streams."""
        self._running = None
        self._next = now + self._pause(took_seconds, streams)

    def unsent(self) -> list[Signal]:
        """All that some stream may not have received: the running fan-out, and what waits for the next."""
        running = [self._running.signal] if self._running and not self._running.discarded else []
        return running + ([self._waiting.signal()] if self._count else [])

    def discard(self) -> None:
        """Drop all that is unsent, because the streams get `away` or `resync` instead."""
        self._waiting, self._count = CoalescedSignal(), 0
        if self._running is not None:
            self._running.discarded = True
