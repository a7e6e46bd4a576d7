"""Unreadable messages on a tenant's channel: of another version during a deploy, or from another program.

The meaning of such a message is unknown, so that tenant's pages resync; the pages of other tenants are not affected.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..observability import logs
from ..observability.incidents import Incident

RESYNC_SECONDS = 1.0  # between two resyncs of a tenant
SETTLED_SECONDS = 5.0

log = logs.get("hub")


class UnreadableMessages:
    """Counts a tenant's unreadable messages and resyncs its pages, at once and then at most every RESYNC_SECONDS."""

    def __init__(self, tenant_id: int, resync: Callable[[], None]) -> None:
        """`resync` may be called by any thread."""
        self._tenant_id, self._resync = tenant_id, resync
        self._incident = Incident(
            "a signal",
            "its tenant's pages resync",
            state="unreadable",
            again="readable again",
            settled=SETTLED_SECONDS,
        )
        self._lock = threading.Lock()
        self._due = 0.0  # in seconds of time.monotonic
        self._scheduled = False

    def message(self, error: ValueError) -> None:
        """Count one message that could not be read, and why."""
        self._incident.fault(log, "signal", error, tenant=self._tenant_id)
        with self._lock:
            if self._scheduled:
                return
            wait = self._due - time.monotonic()
            self._scheduled = wait > 0
        if wait > 0:
            threading.Thread(target=self._resync_later, args=[wait], name="resync", daemon=True).start()
        else:
            self._resync_now()

    def over(self) -> None:
        """End the incident: a message was readable."""
        self._incident.over(log)

    def _resync_later(self, wait: float) -> None:
        time.sleep(wait)
        with self._lock:
            self._scheduled = False  # later messages need another resync
        self._resync_now()

    def _resync_now(self) -> None:
        self._due = time.monotonic() + RESYNC_SECONDS
        self._resync()
