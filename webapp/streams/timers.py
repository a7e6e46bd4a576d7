"""The rounds: beats, the end of a life, stuck readers and ended rights, for all streams by one timer.

Each stream stands in the bucket of the tick at which it next has its turn: a list a tick, no timer a stream.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from ..observability import logs
from . import sse
from .base import Stream

BEAT_SECONDS = 15.0  # a named event, so that the page's watchdog sees it
RIGHTS_SECONDS = 50.0  # between two looks at the rights of all; with the look itself less than a minute
LIFE_SPREAD = (0.8, 1.0)  # of Config.stream_max_seconds: streams that began together do not end together
TICK_SECONDS = 0.25

log = logs.get("hub")


class StreamTimers:
    """`close(stream, cause)` ends a stream, `each_tick` is called at every tick, `look` when rights are to be looked at."""

    def __init__(
        self,
        life_seconds: float,
        close: Callable[[Stream, str], None],
        each_tick: Callable[[], None],
        look: Callable[[], None],
    ) -> None:
        self._life, self._close, self._each_tick, self._look = life_seconds, close, each_tick, look
        self._tick = 0  # the last one that was gone through
        self._due: dict[int, list[Stream]] = {}
        self._lock = threading.Lock()
        self._running = False

    def add(self, stream: Stream) -> None:
        """Its life begins. The first beat comes early, at random: streams that began together do not beat together."""
        now = time.monotonic()
        stream.ends = now + self._life * random.uniform(*LIFE_SPREAD)  # noqa: S311 - spreads load, keeps no secret
        first = BEAT_SECONDS * random.uniform(0.5, 1.0)  # noqa: S311
        with self._lock:
            if not self._running:
                self._running = True
                self._tick = _tick(now)
                threading.Thread(target=self._run, name="rounds", daemon=True).start()
            self._put(stream, now + first)

    def _put(self, stream: Stream, when: float) -> None:
        tick = max(_tick(min(when, stream.ends)), self._tick + 1)
        self._due.setdefault(tick, []).append(stream)

    def _run(self) -> None:
        looked = time.monotonic()
        looking: threading.Thread | None = None
        while True:
            time.sleep(TICK_SECONDS)
            now = time.monotonic()
            try:
                while self._tick < _tick(now):  # more than one when the process was held up
                    self._turn(now)
                self._each_tick()
                if now - looked > RIGHTS_SECONDS and (looking is None or not looking.is_alive()):
                    looked = now
                    looking = threading.Thread(target=self._look, name="rights", daemon=True)
                    looking.start()
            except Exception:  # streams without beats would all be taken for dead
                log.exception("the rounds failed")

    def _turn(self, now: float) -> None:
        with self._lock:
            self._tick += 1
            streams = [stream for stream in self._due.pop(self._tick, ()) if not stream.closed]
            frame = sse.beat()
            for stream in streams:
                self._put(stream, now + BEAT_SECONDS)
        for stream in streams:
            if now + TICK_SECONDS > stream.ends:
                self._close(stream, "life")
            else:
                stream.beat(frame)


def _tick(seconds: float) -> int:
    return int(seconds / TICK_SECONDS)
