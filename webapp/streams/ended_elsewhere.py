"""Ends, within seconds, what has ended in other processes: asks every few seconds, and at once after a notice.

The question costs as much as the answer is long, not as the streams are many. What it misses (a user who was deleted, a
transaction that stayed open for a minute) meets the rounds' look at all streams.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..observability import logs

LOOK_SECONDS = 3.0  # between two looks, without a notice
MIN_SECONDS = 0.2  # between two looks, however many notices come

log = logs.get("hub")


class EndedElsewhere:
    """Calls `look` in a thread of its own, which `start` begins."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._noticed = threading.Event()
        self._lock = threading.Lock()
        self._running = False

    def start(self) -> None:
        with self._lock:
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="ended lately", daemon=True).start()

    def notice(self) -> None:
        self._noticed.set()

    def _run(self) -> None:
        while True:
            self._noticed.wait(LOOK_SECONDS)
            self._noticed.clear()
            try:
                self._look()
            except Exception:  # a thread that ends here would leave ended sessions open
                log.exception("the look at ended sessions failed")
            time.sleep(MIN_SECONDS)
