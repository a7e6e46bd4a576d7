"""A stream as a plain generator: works under every server, at the price of a thread or greenlet while it is open."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ..observability.metrics import web as metrics
from ..signals.signal import Signal
from . import sse
from .base import Stream
from .pending import PendingTopics


class GeneratorStream(Stream):
    """Pending topics wake the generator. It has its own lock, because here the hub may run in another thread."""

    __slots__ = ("_lock", "_ping", "_wake")

    def __init__(self, tenant_id: int, user_id: int) -> None:
        super().__init__(tenant_id, user_id)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ping = b""

    def coalesce(self, signal: Signal) -> None:
        with self._lock:
            super().coalesce(signal)
            concerned = bool(self.pending)
        if concerned:
            self._wake.set()

    def send_control(self, event: str, why: str) -> None:
        with self._lock:
            super().send_control(event, why)
        self._wake.set()

    def ping(self, frame: bytes) -> None:
        self._ping = frame
        self._wake.set()

    def take_pending(self) -> PendingTopics | None:
        with self._lock:
            return super().take_pending()

    def end(self, now: bool) -> None:
        self.closed = True
        self._wake.set()

    def frames(self) -> Iterator[bytes]:
        """All frames, from `hello` until the stream ends."""
        yield self._counted(self.greet())
        while not self.closed:
            self._wake.wait()
            self._wake.clear()
            ping, self._ping = self._ping, b""
            frame = sse.pending_changes(self.take_pending(), len(self.tenant_streams)) + ping
            if frame and not self.closed:
                yield self._counted(frame)

    def _counted(self, frame: bytes) -> bytes:
        metrics.FRAMES.inc()
        metrics.BYTES.inc(len(frame))
        return frame
