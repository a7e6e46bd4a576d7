"""A stream that the hub writes straight to its socket: without a greenlet, queue or context switch per stream.

Only for processes that gevent runs: all of it happens in one thread and nothing here waits, so nothing here needs a lock.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from typing import cast

from ..observability.metrics import web as metrics
from . import sse
from .base import Stream
from .epoll import EpollWatcher

STUCK_SECONDS = 30.0  # without progress, then it is closed


class SocketStream(Stream):
    """`fd` is the stream's own descriptor, -1 before `begin` and after the end; `unsent` the rest of a partly written frame.

    A stream is `slow` from an incomplete write until its socket has accepted everything pending. `ready_fd` is `fd` while the
    stream is greeted, not slow and not closed, so it is the only check before a write.
    """

    __slots__ = ("_sockets", "fd", "moved", "ready_fd", "slow", "unsent")

    def __init__(self, tenant_id: int, user_id: int, sockets: Sockets) -> None:
        super().__init__(tenant_id, user_id)
        self._sockets = sockets
        self.fd = self.ready_fd = -1
        self.unsent = b""
        self.slow = False
        self.moved = 0.0  # last progress while slow (time.monotonic)

    def begin(self, fd: int, head: bytes) -> None:
        """Send the response's head and the greeting on this descriptor, which the stream closes from now on."""
        if self.closed:  # the process is stopping, or the session has just ended
            with contextlib.suppress(OSError):
                os.write(fd, head)
            os.close(fd)
            return
        self.fd = fd
        self._sockets.add(self)
        first = head + self.greet()
        if not self._write(first):
            self.unsent = first
        if not self.slow:
            self.ready_fd = self.fd

    def deliver(self, message: sse.SignalFrames) -> None:
        """Write one signal. A frame that the socket does not accept is coalesced, or finished later when partly written."""
        signal = message.signal
        if signal.seq <= self.seq or self.closed:
            return
        if self.slow or self.fd < 0:
            super().deliver(message)
            return
        frame = message.frame(self.user_id)
        if frame and not self._write(frame):
            self.coalesce(signal)

    def send_control(self, event: str, why: str) -> None:
        super().send_control(event, why)
        if not self.slow:
            self._write_pending()

    def ping(self, frame: bytes) -> None:
        if self.fd >= 0 and not self.slow:
            self._write(frame)

    def writable(self) -> None:
        """The socket accepts bytes again: write the rest of the frame, then all pending topics as one frame."""
        unsent, self.unsent = self.unsent, b""
        if unsent and not self._write(unsent):
            self.unsent = unsent
        if self.unsent:
            return
        if self.closed:
            self.end(now=True)
            return
        self._write_pending()
        if self.fd >= 0 and not self.unsent and self.pending is None:
            self._sockets.mark_caught_up(self)

    def end(self, now: bool) -> None:
        self.closed, self.ready_fd = True, -1
        if self.fd < 0 or (self.unsent and not now):
            return  # `writable` finishes the frame and closes
        fd, self.fd = self.fd, -1
        self._sockets.remove(self, fd)
        os.close(fd)
        self.unsent, self.pending = b"", None

    def _write_pending(self) -> None:
        if self.fd < 0 or self.closed:
            return
        pending = self.take_pending()
        if pending and not self._write(sse.pending_changes(pending, len(self.tenant_streams))):
            self.pending = pending

    def _write(self, frame: bytes) -> bool:
        """Returns False when no byte was written; True when the frame was written in whole or part, or its peer is gone."""
        sockets = self._sockets
        try:
            sent = os.write(self.fd, frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            sockets.gone(self, "hangup")
            return True
        if sent == len(frame):
            sockets.frames += 1
            sockets.bytes += sent
            return True
        if not sent:
            sockets.mark_slow(self)
            return False
        self.partial_write(frame, sent)
        return True

    def partial_write(self, frame: bytes, sent: int) -> None:
        """The socket accepted only `sent` bytes of the frame."""
        self._sockets.mark_slow(self)
        self._sockets.bytes += sent
        self.unsent, self.moved = frame[sent:], time.monotonic()


class Sockets:
    """All socket streams of the process. Calls `gone(stream, cause)` for each that has to be closed."""

    def __init__(self, gone: Callable[[Stream, str], None]) -> None:
        self.gone = gone
        self.frames = self.bytes = 0  # since the last `count`
        self._streams: dict[int, SocketStream] = {}
        self._slow: dict[SocketStream, None] = {}
        self._epoll = EpollWatcher(self._ready)

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: SocketStream) -> None:
        self._streams[stream.fd] = stream
        self._epoll.add(stream.fd)

    def remove(self, stream: SocketStream, fd: int) -> None:
        """Called before `fd` is closed, because its number may be the next connection's."""
        self._epoll.remove(fd)
        del self._streams[fd]
        if stream.slow:
            self._no_longer_slow(stream)

    def mark_slow(self, stream: SocketStream) -> None:
        if not stream.slow:
            stream.slow, stream.ready_fd, stream.moved = True, -1, time.monotonic()
            self._slow[stream] = None
            metrics.SLOW.inc()
            self._epoll.want_write(stream.fd, True)

    def mark_caught_up(self, stream: SocketStream) -> None:
        if stream.slow:
            self._no_longer_slow(stream)
            stream.ready_fd = stream.fd
            self._epoll.want_write(stream.fd, False)

    def deliver(self, message: sse.SignalFrames, streams: Iterable[Stream]) -> None:
        """Hot path: write one signal, the same for all, to streams of any kind.

        It runs once per stream and signal, so its only call per stream is the write; `Stream.deliver` does all other cases.
        """
        seq, frame = message.signal.seq, message.frame(sse.NO_USER)
        write, size, written = os.write, len(frame), 0
        for stream in streams:
            fd = stream.ready_fd
            if fd < 0 or stream.seq >= seq:
                stream.deliver(message)
                continue
            try:
                sent = write(fd, frame)
            except OSError:  # full or gone: `deliver` handles both
                stream.deliver(message)
                continue
            if sent == size:
                written += 1
            else:
                cast(SocketStream, stream).partial_write(frame, sent)
        self.frames += written
        self.bytes += written * size

    def drop_stuck(self) -> None:
        before = time.monotonic() - STUCK_SECONDS
        for stream in [stream for stream in self._slow if stream.moved < before]:
            self.gone(stream, "stuck")

    def drop_all(self) -> None:
        """End all streams at once, also those with a partly written frame."""
        for stream in list(self._streams.values()):
            stream.end(now=True)

    def count(self) -> None:
        """Add the counts to the metrics: once for many frames, because an increment costs as much as a write."""
        if self.bytes:
            metrics.FRAMES.inc(self.frames)
            metrics.BYTES.inc(self.bytes)
            self.frames = self.bytes = 0

    def _no_longer_slow(self, stream: SocketStream) -> None:
        stream.slow = False
        del self._slow[stream]
        metrics.SLOW.dec()

    def _ready(self, fd: int, hung_up: bool) -> None:
        stream = self._streams.get(fd)
        if stream is None:
            return  # closed since the event
        if hung_up:
            self.gone(stream, "hangup")
        else:
            stream.writable()
