"""One open response of one user. generator_stream.py and socket_stream.py are its two ways to send bytes."""

from __future__ import annotations

from collections.abc import Sized

from ..accounts.sessions import SessionKey
from ..events.topics import RESYNC
from ..observability.metrics import web as metrics
from ..signals.signal import Signal
from . import sse
from .pending import DISCONNECTED, PendingTopics


class Stream:
    """What the hub tells it becomes dirty until somebody takes it. `ends` is in seconds of time.monotonic.

    `seq` is the newest signal that is known to be in what it said or has yet to say when it opened: older ones, which
    may still be on their way, are passed over.
    """

    direct = -1  # the descriptor that a whole frame may be written to now (streams/socket_stream.py); else -1

    __slots__ = ("audience", "closed", "dirty", "ends", "lost", "seq", "session", "tenant_id", "user_id")

    def __init__(self, tenant_id: int, user_id: int) -> None:
        self.tenant_id, self.user_id, self.seq = tenant_id, user_id, 0
        self.session: SessionKey | None = None  # that its page asked with
        self.ends = float("inf")
        self.closed = False
        self.lost = False  # no signals come, so what happens meanwhile is not known; the page polls
        self.dirty: PendingTopics | None = None
        self.audience: Sized = ()  # the tenant's streams, of which it is one

    def deliver(self, message: sse.Message) -> None:
        """One signal as it comes from Redis."""
        if message.signal.seq > self.seq:
            if self.dirty is not None:
                metrics.FOLDED.inc()
            self.fold(message.signal)

    def fold(self, signal: Signal) -> None:
        if self.dirty is None:
            self.dirty = PendingTopics()
        self.dirty.add(signal, self.user_id)

    def say(self, event: str, why: str) -> None:
        """`resync` or `away`, instead of what was dirty before."""
        self.dirty = PendingTopics.word(event, why, self.dirty.seq if self.dirty else 0)

    def lose(self, why: str) -> None:
        self.seq = 0
        if not self.lost:
            self.lost = True
            self.say(DISCONNECTED, why)

    def find(self) -> None:
        if self.lost:
            self.lost = False
            self.say(RESYNC, "back")

    def beat(self, frame: bytes) -> None:
        """A sign of life, from the rounds."""

    def take(self) -> PendingTopics | None:
        """What is dirty, which then no longer is."""
        dirty, self.dirty = self.dirty, None
        return dirty if dirty and dirty.topics else None

    def greet(self) -> bytes:
        """The first bytes: `hello` and all that is dirty."""
        return sse.greeting(self.seq, not self.lost, self.take(), len(self.audience))

    def end(self, now: bool) -> None:
        """Say no more. A frame that is half out is finished, unless it is to be `now`."""
        self.closed = True
