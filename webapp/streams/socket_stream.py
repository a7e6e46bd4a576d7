"""A stream whose frames the hub writes straight to its socket: no greenlet, no queue, no switch.

Only where gevent runs the process: all of it happens in one thread and nothing here waits, so nothing here needs a lock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import cast

from ..observability.metrics import web as metrics
from . import sse
from .base import Stream
from .epoll import EpollWatcher

STUCK_SECONDS = 30.0  # a reader whose socket took nothing for so long is dropped


class SocketStream(Stream):
    """`fd` is the stream's own descriptor, -1 before `begin` and after the end; `rest` what is left of a frame half out.

    A stream is `slow` from the moment that its socket does not take all of a frame until it has taken all there is to say.
    `direct` is `fd` for as long as it is greeted, not slow and not closed: all that has to be known to write to it.
    """

    __slots__ = ("_sockets", "direct", "fd", "moved", "rest", "slow")

    def __init__(self, tenant_id: int, user_id: int, sockets: Sockets) -> None:
        super().__init__(tenant_id, user_id)
        self._sockets = sockets
        self.fd = self.direct = -1
        self.rest = b""
        self.slow = False
        self.moved = 0.0  # when a slow one last took a byte, in seconds of time.monotonic

    def begin(self, fd: int) -> None:
        """Greet on this descriptor, which is the stream's to close from now on."""
        if self.closed:  # the process began to stop meanwhile
            os.close(fd)
            return
        self.fd = fd
        self._sockets.add(self)
        greeting = self.greet()
        if not self._put(greeting):
            self.rest = greeting
        if not self.slow:
            self.direct = self.fd

    def deliver(self, message: sse.Message) -> None:
        """One signal to one socket. What the socket does not take is folded, or finished when it can be."""
        signal = message.signal
        if signal.seq <= self.seq or self.closed:
            return
        if self.slow or self.fd < 0:
            super().deliver(message)
            return
        frame = message.frame(self.user_id)
        if frame and not self._put(frame):
            self.fold(signal)

    def say(self, event: str, why: str) -> None:
        super().say(event, why)
        if not self.slow:
            self._put_dirty()

    def beat(self, frame: bytes) -> None:
        if self.fd >= 0 and not self.slow:
            self._put(frame)

    def writable(self) -> None:
        """The socket takes bytes again: first the rest of the frame, then all that became dirty meanwhile, as one."""
        rest, self.rest = self.rest, b""
        if rest and not self._put(rest):
            self.rest = rest
        if self.rest:
            return
        if self.closed:
            self.end(now=True)
            return
        self._put_dirty()
        if self.fd >= 0 and not self.rest and self.dirty is None:
            self._sockets.keeps_up(self)

    def end(self, now: bool) -> None:
        self.closed, self.direct = True, -1
        if self.fd < 0 or (self.rest and not now):
            return  # half a frame is out: `writable` ends it
        fd, self.fd = self.fd, -1
        self._sockets.remove(self, fd)
        os.close(fd)
        self.rest, self.dirty = b"", None

    def _put_dirty(self) -> None:
        if self.fd < 0 or self.closed:
            return
        dirty = self.take()
        if dirty and not self._put(sse.changes(dirty, len(self.audience))):
            self.dirty = dirty

    def _put(self, frame: bytes) -> bool:
        """False: not a byte of it went. Else it is out, or begun and will be finished, or its reader is gone."""
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
            sockets.lags(self)
            return False
        self.half_out(frame, sent)
        return True

    def half_out(self, frame: bytes, sent: int) -> None:
        """The socket took only so many bytes of it."""
        self._sockets.lags(self)
        self._sockets.bytes += sent
        self.rest, self.moved = frame[sent:], time.monotonic()


class Sockets:
    """All socket streams of the process. `gone(stream, cause)` is told of each that has to be closed."""

    def __init__(self, gone: Callable[[Stream, str], None]) -> None:
        self.gone = gone
        self.frames = self.bytes = 0  # since they were last counted
        self._streams: dict[int, SocketStream] = {}
        self._slow: dict[SocketStream, None] = {}
        self._watch = EpollWatcher(self._ready)

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: SocketStream) -> None:
        self._streams[stream.fd] = stream
        self._watch.add(stream.fd)

    def remove(self, stream: SocketStream, fd: int) -> None:
        """Before `fd` is closed: its number may be the next connection's."""
        self._watch.remove(fd)
        del self._streams[fd]
        if stream.slow:
            self._no_longer_slow(stream)

    def lags(self, stream: SocketStream) -> None:
        if not stream.slow:
            stream.slow, stream.direct, stream.moved = True, -1, time.monotonic()
            self._slow[stream] = None
            metrics.SLOW.inc()
            self._watch.change(stream.fd, writable=True)

    def keeps_up(self, stream: SocketStream) -> None:
        if stream.slow:
            self._no_longer_slow(stream)
            stream.direct = stream.fd
            self._watch.change(stream.fd, writable=False)

    def deliver(self, message: sse.Message, streams: Iterable[Stream]) -> None:
        """The crux: one signal, the same for all, to streams of any kind. What is done here is done ten thousand times, so
        there is no call a stream but the write; whatever is not that simple its stream does itself."""
        seq, frame = message.signal.seq, message.frame(sse.NO_USER)
        write, size, written = os.write, len(frame), 0
        for stream in streams:
            fd = stream.direct
            if fd < 0 or stream.seq >= seq:
                stream.deliver(message)
                continue
            try:
                sent = write(fd, frame)
            except OSError:  # full or gone: it finds out which
                stream.deliver(message)
                continue
            if sent == size:
                written += 1
            else:
                cast(SocketStream, stream).half_out(frame, sent)
        self.frames += written
        self.bytes += written * size

    def drop_stuck(self) -> None:
        before = time.monotonic() - STUCK_SECONDS
        for stream in [stream for stream in self._slow if stream.moved < before]:
            self.gone(stream, "stuck")

    def drop_all(self) -> None:
        """Also those with half a frame out."""
        for stream in list(self._streams.values()):
            stream.end(now=True)

    def count(self) -> None:
        """Hand the counts on: once for many frames, because counting costs as much as writing does."""
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
            return  # closed since epoll said so
        if hung_up:
            self.gone(stream, "hangup")
        else:
            stream.writable()
