"""A stream as a plain generator: works under every server, and costs a thread or greenlet for as long as it is open."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ..observability.metrics import web as metrics
from ..signals.signal import Signal
from . import sse as frames
from .base import Stream
from .pending import PendingTopics


class GeneratorStream(Stream):
    """What is dirty wakes the generator. Its own lock, because here the hub may be another thread."""

    __slots__ = ("_beat", "_lock", "_wake")

    def __init__(self, tenant_id: int, user_id: int) -> None:
        super().__init__(tenant_id, user_id)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._beat = b""

    def fold(self, signal: Signal) -> None:
        with self._lock:
            super().fold(signal)
            concerned = self.dirty is not None and bool(self.dirty.topics)
        if concerned:
            self._wake.set()

    def say(self, event: str, why: str) -> None:
        with self._lock:
            super().say(event, why)
        self._wake.set()

    def beat(self, frame: bytes) -> None:
        self._beat = frame
        self._wake.set()

    def take(self) -> PendingTopics | None:
        with self._lock:
            return super().take()

    def end(self, now: bool) -> None:
        self.closed = True
        self._wake.set()

    def frames(self) -> Iterator[bytes]:
        """All that the stream says, from `hello` to its end."""
        yield self._counted(self.greet())
        while not self.closed:
            self._wake.wait()
            self._wake.clear()
            beat, self._beat = self._beat, b""
            frame = frames.changes(self.take(), len(self.audience)) + beat
            if frame and not self.closed:
                yield self._counted(frame)

    def _counted(self, frame: bytes) -> bytes:
        metrics.FRAMES.inc()
        metrics.BYTES.inc(len(frame))
        return frame
