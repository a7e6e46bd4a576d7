"""One open response of one user. generator_stream.py and socket_stream.py are the two ways to send its bytes."""

from __future__ import annotations

from collections.abc import Sized

from ..accounts.sessions import SessionKey
from ..events.topics import RESYNC
from ..observability.metrics import web as metrics
from ..signals.signal import Signal
from . import sse
from .pending import DISCONNECTED, PendingTopics


class Stream:
    """An open stream with the topics that it has yet to send. `ends` is in seconds of time.monotonic.

    A TV has no user: its `user_id` is minus the id of its link. `seq` is the newest signal covered by the greeting; later
    deliveries with a lower seq are skipped.
    """

    # The descriptor to which a whole frame may be written now (streams/socket_stream.py), or -1.
    ready_fd = -1

    __slots__ = (
        "closed",
        "disconnected",
        "ends",
        "pending",
        "seq",
        "session",
        "tenant_id",
        "tenant_streams",
        "user_id",
    )

    def __init__(self, tenant_id: int, user_id: int) -> None:
        self.tenant_id, self.user_id, self.seq = tenant_id, user_id, 0
        self.session: SessionKey | None = None  # of its page's request
        self.ends = float("inf")
        self.closed = False
        self.disconnected = False  # no signals arrive; the page polls
        self.pending: PendingTopics | None = None
        self.tenant_streams: Sized = ()  # all of the tenant's, this included

    def deliver(self, message: sse.SignalFrames) -> None:
        """Queue one signal that arrived from Redis."""
        if message.signal.seq > self.seq:
            if self.pending is not None:
                metrics.COALESCED.inc()
            self.coalesce(message.signal)

    def coalesce(self, signal: Signal) -> None:
        """Add the signal's topics to the pending ones."""
        if self.pending is None:
            self.pending = PendingTopics()
        self.pending.add(signal.for_user(self.user_id))

    def send_control(self, event: str, why: str) -> None:
        """Replace all pending topics by `resync` or `away`. A page resumes after the newest signal that it covers."""
        seq = self.seq if self.pending is None else max(self.seq, self.pending.seq)
        self.pending = PendingTopics.control_event(event, why, seq)

    def mark_disconnected(self, why: str) -> None:
        self.seq = 0
        if not self.disconnected:
            self.disconnected = True
            self.send_control(DISCONNECTED, why)

    def mark_reconnected(self) -> None:
        if self.disconnected:
            self.disconnected = False
            self.send_control(RESYNC, "back")

    def ping(self, frame: bytes) -> None:
        """Send a keep-alive frame; the stream timers call it."""

    def take_pending(self) -> PendingTopics | None:
        """Return the pending topics and clear them; None when there are none."""
        pending, self.pending = self.pending, None
        return pending or None

    def greet(self) -> bytes:
        """The first bytes: `hello` and all pending topics."""
        return sse.greeting(self.seq, not self.disconnected, self.take_pending(), len(self.tenant_streams))

    def end(self, now: bool) -> None:
        """Send nothing more. A partly written frame is finished, except when `now` is true."""
        self.closed = True
