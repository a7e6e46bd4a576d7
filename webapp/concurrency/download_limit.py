"""The limit on downloads that run at once in this process, and the share of the time that one may use.

A download runs for as long as its client reads. Without a limit a few large ones would take the time of all pages.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

MAX_DOWNLOADS = 2
MAX_USER_DOWNLOADS = 1
# How long a download waits for a slot: a second click ends the first download, but not at once.
WAIT_SECONDS = 2.0
# The Retry-After of a refused download.
RETRY_SECONDS = 15
# Of the time, per download: after each page it pauses for as long as the page took.
SHARE = 0.5


class TooManyDownloads(Exception):
    """No slot became free. `scope` is "user" or "process"."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"this {scope} has too many downloads at once")
        self.scope = scope


class DownloadLimit:
    """Slots for downloads, counted per user and in total."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._freed = threading.Condition()
        self._running: Counter[int] = Counter()

    def take(self, user_id: int) -> Callable[[], None]:
        """Take a slot; returns the function that gives it back. Raises TooManyDownloads after `wait_seconds` without one."""
        with self._freed:
            if not self._freed.wait_for(lambda: self._full(user_id) is None, self._wait_seconds):
                raise TooManyDownloads(self._full(user_id) or "user")
            self._running[user_id] += 1
        is_held = [user_id]

        def give_back() -> None:
            with self._freed:
                if is_held:
                    self._running[is_held.pop()] -= 1
                    self._running += Counter()  # drops the zeros
                    self._freed.notify_all()

        return give_back

    def _full(self, user_id: int) -> str | None:
        if self._running[user_id] >= MAX_USER_DOWNLOADS:
            return "user"
        return "process" if self._running.total() >= MAX_DOWNLOADS else None


def pause(worked_seconds: float) -> None:
    """Leave the process to its other requests after this much work."""
    time.sleep(worked_seconds * (1 / SHARE - 1))
