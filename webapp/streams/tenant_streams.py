"""A tenant's open streams in this process, and the fan-out of signals: one by one to few streams, coalesced for a crowd."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from ..events.topics import RESYNC
from ..observability import logs
from ..observability.metrics import web as metrics
from ..panels.costs import PROCESS
from ..panels.pacing import fan_out_seconds
from ..signals.signal import Signal
from . import resume
from .base import Stream
from .pending import PendingTopics
from .sse import NO_USER, Message
from .unreadable_messages import UnreadableMessages

# Streams written before other greenlets run: about 2 ms.
BATCH = 256

log = logs.get("hub")


class TenantStreams:
    """`ready` is set when Redis confirms the subscription; `recent` buffers the signals since then.

    `streams` keeps opening order, which is also their order in the kernel's memory: with thousands, writing is 10 % cheaper.
    The first signal after a pause goes out at once. Signals that arrive before the next fan-out are coalesced in `_pending`.
    """

    def __init__(self, deliver: Callable[[Message, Sequence[Stream]], None], unreadable: UnreadableMessages) -> None:
        """`deliver` sends one message, the same for all, to streams; it does not wait."""
        self._deliver, self.unreadable = deliver, unreadable
        self.streams: dict[Stream, None] = {}
        self.ready = threading.Event()
        self.recent = resume.RecentSignals()
        self._lock = threading.Lock()  # guards the attributes below
        self._pending = PendingTopics()
        self._pending_count = 0  # signals in it
        self._in_progress: PendingTopics | None = None  # of the running fan-out
        self._busy = False  # a fan-out runs or is due
        self._due = 0.0  # of the next one (time.monotonic)

    def add(self, stream: Stream) -> None:
        self.streams[stream] = None
        stream.tenant_streams = self.streams
        metrics.set_tenant_streams(len(self.streams), len(self.streams) - 1)

    def remove(self, stream: Stream) -> None:
        del self.streams[stream]
        metrics.set_tenant_streams(len(self.streams), len(self.streams) + 1)

    def publish(self, signal: Signal) -> None:
        """Send a signal: whole and at once to the users it names; its topics to all streams, alone or coalesced."""
        if signal.users:
            self._send_personal(signal)
        if not signal.topics:
            return
        with self._lock:
            self._pending.add(signal, NO_USER)
            self._pending_count += 1
            if self._busy:
                return
            self._busy = True
        if time.monotonic() < self._due:
            threading.Thread(target=self._fan_out_loop, name="fan-out", daemon=True).start()
        else:
            self._fan_out_loop()

    def discard_pending(self) -> None:
        """Drop the pending topics and the rest of a running fan-out: the streams get `away` or `resync` instead."""
        with self._lock:
            self._pending, self._pending_count, self._in_progress = PendingTopics(), 0, None

    def resync(self) -> None:
        """Make all pages resync and forget the replay buffer, because signals may have been lost."""
        self.discard_pending()
        self.recent = resume.RecentSignals()
        for stream in list(self.streams):
            stream.seq = 0
            stream.send_control(RESYNC, "gap")

    def _send_personal(self, signal: Signal) -> None:
        """Send to the named users, together with all signals they have not had yet, so that no older one follows."""
        streams = list(self.streams)
        personal = [stream for stream in streams if stream.user_id in signal.users]
        merged = PendingTopics()
        with self._lock:
            for earlier in (self._in_progress, self._pending):
                if earlier is not None:
                    merged.add(earlier.signal(), NO_USER)
        merged.add(Signal(signal.seq, signal.topics, at=signal.at), NO_USER)
        message = Message(merged.signal(signal.users), len(streams))

        def send(batch: Sequence[Stream]) -> bool:
            for stream in batch:
                stream.deliver(message)
                stream.seq = max(stream.seq, signal.seq)  # the fan-out then skips it
            return True

        metrics.WRITE_SECONDS.inc(_in_batches(personal, send))
        metrics.DELIVERIES.inc(len(personal))

    def _fan_out_loop(self) -> None:
        """Fan out until nothing is pending. Only the caller that set `_busy` runs this."""
        try:
            while self._has_pending():
                if (pause := self._due - time.monotonic()) > 0:
                    time.sleep(pause)
                self._fan_out()
        except Exception:  # else pages show old numbers
            log.exception("failed to fan out signals")
            self._busy = False
            self.resync()

    def _has_pending(self) -> bool:
        with self._lock:
            self._busy = self._pending_count > 0
            return self._busy

    def _fan_out(self) -> None:
        """Send all that is pending as one signal."""
        streams = list(self.streams)
        with self._lock:
            current, self._pending = self._pending, PendingTopics()
            coalesced, self._pending_count = self._pending_count - 1, 0
            self._in_progress = current
        if coalesced < 0:
            return  # discarded since
        signal = current.signal()
        message = Message(signal, len(streams))

        def send(batch: Sequence[Stream]) -> bool:
            self._deliver(message, batch)
            return self._in_progress is current

        took = _in_batches(streams, send)
        self._in_progress = None
        self._due = time.monotonic() + fan_out_seconds(took, len(streams))
        PROCESS.fanned_out(self, len(streams), took)
        if coalesced:
            metrics.COALESCED.inc(coalesced * len(streams))
        metrics.DELIVERIES.inc(len(streams))
        metrics.WRITE_SECONDS.inc(took)
        metrics.DELIVERY_LAG.observe(max(0.0, time.time() - signal.seq / 1000))


def _in_batches(streams: list[Stream], send: Callable[[Sequence[Stream]], bool]) -> float:
    """Call `send` on one batch after the other until it returns False; other greenlets run between batches.

    Returns the seconds that the batches took, without the time between them.
    """
    took, began = 0.0, time.perf_counter()
    for start in range(0, len(streams), BATCH):
        go_on = send(streams[start : start + BATCH])
        if not go_on or start + BATCH >= len(streams):
            break
        took += time.perf_counter() - began
        time.sleep(0)
        began = time.perf_counter()
    return took + time.perf_counter() - began
