"""Stream timers: pings, the end of a stream's life, stuck readers and the check of revocations, by one thread for all streams.

A timing wheel: each stream is in the bucket of its next tick, so there is no timer per stream.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from ..observability import logs
from . import sse
from .base import Stream

# A ping is a named event, so that the page's watchdog gets it.
PING_SECONDS = 15.0
# Between two checks of all streams: less than a minute, with the check itself.
REVOCATION_SECONDS = 50.0
# A factor of Config.stream_max_seconds, so that streams that began together do not end together.
LIFE_JITTER = (0.8, 1.0)
TICK_SECONDS = 0.25

log = logs.get("hub")


class StreamTimers:
    """Calls `close(stream, cause)` to end a stream, `each_tick` at every tick, and `check` every REVOCATION_SECONDS."""

    def __init__(
        self,
        life_seconds: float,
        close: Callable[[Stream, str], None],
        each_tick: Callable[[], None],
        check: Callable[[], None],
    ) -> None:
        self._life, self._close, self._each_tick, self._check = life_seconds, close, each_tick, check
        self._done_tick = 0  # the last one that was handled
        self._due: dict[int, list[Stream]] = {}
        self._lock = threading.Lock()
        self._running = False

    def add(self, stream: Stream) -> None:
        """Start the stream's life. Its first ping comes early, at random, so that pings of many streams do not coincide."""
        now = time.monotonic()
        stream.ends = now + self._life * random.uniform(*LIFE_JITTER)  # noqa: S311 - spreads load, keeps no secret
        first = PING_SECONDS * random.uniform(0.5, 1.0)  # noqa: S311
        with self._lock:
            if not self._running:
                self._running = True
                self._done_tick = _tick_at(now)
                threading.Thread(target=self._run, name="stream timers", daemon=True).start()
            self._schedule(stream, now + first)

    def _schedule(self, stream: Stream, when: float) -> None:
        tick = max(_tick_at(min(when, stream.ends)), self._done_tick + 1)
        self._due.setdefault(tick, []).append(stream)

    def _run(self) -> None:
        checked = time.monotonic()
        check: threading.Thread | None = None
        while True:
            time.sleep(TICK_SECONDS)
            now = time.monotonic()
            try:
                while self._done_tick < _tick_at(now):  # several after a stall
                    self._tick(now)
                self._each_tick()
                if now - checked > REVOCATION_SECONDS and (check is None or not check.is_alive()):
                    checked = now
                    check = threading.Thread(target=self._check, name="revocations", daemon=True)
                    check.start()
            except Exception:  # without pings all pages would reconnect
                log.exception("stream timers failed")

    def _tick(self, now: float) -> None:
        with self._lock:
            self._done_tick += 1
            streams = [stream for stream in self._due.pop(self._done_tick, ()) if not stream.closed]
            frame = sse.ping()
            for stream in streams:
                self._schedule(stream, now + PING_SECONDS)
        for stream in streams:
            if now + TICK_SECONDS > stream.ends:
                self._close(stream, "life")
            else:
                stream.ping(frame)


def _tick_at(seconds: float) -> int:
    return int(seconds / TICK_SECONDS)
