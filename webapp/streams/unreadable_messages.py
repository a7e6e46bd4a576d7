"""Messages on one tenant's channel that cannot be read: of another version amid a deploy, or written by another program.

What such a message meant is not known, so that tenant's pages resync; the other tenants' pages do not notice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..observability import logs
from ..observability.incidents import Incident

RESYNC_SECONDS = 1.0  # between two resyncs of a tenant: a thousand messages a second are not as many
SETTLED_SECONDS = 5.0

log = logs.get("hub")


class UnreadableMessages:
    """Counts a tenant's unreadable messages and resyncs its pages, now and at most once in RESYNC_SECONDS."""

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
        self._waits = False

    def message(self, error: ValueError) -> None:
        """One message that could not be read, and why."""
        self._incident.fault(log, "signal", error, tenant=self._tenant_id)
        with self._lock:
            if self._waits:
                return
            wait = self._due - time.monotonic()
            self._waits = wait > 0
        if wait > 0:
            threading.Thread(target=self._resync_later, args=[wait], name="misread", daemon=True).start()
        else:
            self._resync_now()

    def over(self) -> None:
        """A message that could be read came."""
        self._incident.over(log)

    def _resync_later(self, wait: float) -> None:
        time.sleep(wait)
        with self._lock:
            self._waits = False  # what comes from now on is not covered by this resync
        self._resync_now()

    def _resync_now(self) -> None:
        self._due = time.monotonic() + RESYNC_SECONDS
        self._resync()
