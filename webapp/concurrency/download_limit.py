"""The limit on downloads that run at once in this process, and the share of the time that one may use.

A download runs for as long as its client reads. Without a limit a few large ones would take the time of all pages.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .slots import Slots

MAX_DOWNLOADS = 3
# Fewer than all, so that one tenant whose clients read slowly cannot keep the others waiting.
MAX_TENANT_DOWNLOADS = 2
MAX_USER_DOWNLOADS = 1
# How long a download waits for a slot: a second click ends the first download, but not at once.
WAIT_SECONDS = 2.0
# The Retry-After of a refused download.
RETRY_SECONDS = 15
# Of the time, per download: after each page it pauses for as long as the page took.
SHARE = 0.5


class DownloadLimit:
    """Slots for downloads, counted per user, per tenant and in total."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._slots = Slots(
            {"user": MAX_USER_DOWNLOADS, "tenant": MAX_TENANT_DOWNLOADS, "process": MAX_DOWNLOADS}, wait_seconds
        )

    def take(self, tenant_id: int, user_id: int) -> Callable[[], None]:
        """Take a slot; returns the function that gives it back. Raises NoSlot after `wait_seconds` without one."""
        return self._slots.take({"user": user_id, "tenant": tenant_id, "process": 0})


def pause(worked_seconds: float) -> None:
    """Leave the process to its other requests after this much work."""
    time.sleep(worked_seconds * (1 / SHARE - 1))
