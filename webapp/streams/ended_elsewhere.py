"""Ends streams, within seconds, after their session or user ended in another process: checks on a timer and after a notice.

The cost of the query grows with the number of ended sessions, not of streams. It misses deleted users and transactions that
stayed open for a minute; the stream timers' check of all streams finds those.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..observability import logs
from .base import Stream
from .revocation import Revocations

CHECK_SECONDS = 3.0  # between two checks, without a notice
MIN_SECONDS = 0.2  # between two checks, with notices

log = logs.get("hub")


class EndedElsewhere:
    """Checks in its own thread, which `start` begins. `streams` returns the open ones, `close` ends one for a cause."""

    def __init__(
        self, revocations: Revocations, streams: Callable[[], list[Stream]], close: Callable[[Stream, str], None]
    ) -> None:
        self._revocations, self._streams, self._close = revocations, streams, close
        self._noticed = threading.Event()
        self._lock = threading.Lock()
        self._running = False

    def start(self) -> None:
        with self._lock:
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="ended sessions", daemon=True).start()

    def notice(self) -> None:
        """Check now instead of at the next interval."""
        self._noticed.set()

    def _run(self) -> None:
        while True:
            self._noticed.wait(CHECK_SECONDS)
            self._noticed.clear()
            try:
                self._check()
            # Without this the thread would end, and ended sessions would stay open.
            except Exception:
                log.exception("failed to check ended sessions")
            time.sleep(MIN_SECONDS)

    def _check(self) -> None:
        ended = self._revocations.recently_ended()
        if not ended:
            return
        for stream in self._streams():
            if cause := ended.cause(stream):
                self._close(stream, cause)
