"""A tenant's open streams in this process, and the fan-out of signals: one by one to few streams, coalesced for a crowd.

streams/fan_out.py decides when a fan-out begins. While nothing waits there is no thread; a burst has one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from ..events.topics import RESYNC
from ..observability import logs
from ..observability.metrics import web as metrics
from ..panels.costs import PROCESS
from ..panels.pacing import fan_out_seconds
from ..signals.coalesce import CoalescedSignal
from ..signals.signal import Signal
from . import resume
from .base import Stream
from .fan_out import FanOut, FanOutScheduler
from .sse import SignalFrames
from .unreadable_messages import UnreadableMessages

# Streams written before other greenlets run: about 2 ms.
BATCH = 256

log = logs.get("hub")


class TenantStreams:
    """`ready` is set when Redis confirms the subscription; `recent` buffers the signals since then.

    `streams` keeps opening order, which is also their order in the kernel's memory: with thousands, writing is 10 % cheaper.
    """

    def __init__(
        self, deliver: Callable[[SignalFrames, Sequence[Stream]], None], unreadable: UnreadableMessages
    ) -> None:
        """`deliver` sends one message, the same for all, to streams; it does not wait."""
        self._deliver, self.unreadable = deliver, unreadable
        self.streams: dict[Stream, None] = {}
        self.ready = threading.Event()
        self.recent = resume.RecentSignals()
        self._lock = threading.Lock()  # guards the scheduler
        self._scheduler = FanOutScheduler(fan_out_seconds)

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
            is_loop_needed = self._scheduler.offer(Signal(signal.seq, signal.topics, at=signal.at))
            wait = self._scheduler.due(time.monotonic())
        if not is_loop_needed:
            return
        if wait:
            threading.Thread(target=self._fan_out_loop, name="fan-out", daemon=True).start()
        else:
            self._fan_out_loop()

    def discard_pending(self) -> None:
        """Drop the pending topics and the rest of a running fan-out: the streams get `away` or `resync` instead."""
        with self._lock:
            self._scheduler.discard()

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
        with self._lock:
            unsent = self._scheduler.unsent()
        message = SignalFrames(CoalescedSignal([*unsent, signal]).signal(), len(streams))

        def send(batch: Sequence[Stream]) -> bool:
            for stream in batch:
                stream.deliver(message)
                stream.seq = max(stream.seq, signal.seq)  # the fan-out then skips it
            return True

        metrics.WRITE_SECONDS.inc(_in_batches(personal, send))
        metrics.DELIVERIES.inc(len(personal))

    def _fan_out_loop(self) -> None:
        """Fan out until nothing waits."""
        while True:
            with self._lock:
                now = time.monotonic()
                fan_out = self._scheduler.take(now)
                wait = self._scheduler.due(now) if fan_out is None else None
            if fan_out is not None:
                self._fan_out(fan_out)
            elif wait is not None:
                time.sleep(wait)
            else:
                return

    def _fan_out(self, fan_out: FanOut) -> None:
        streams, took = list(self.streams), 0.0
        try:
            took = self._send_to_all(fan_out, streams)
        except Exception:  # else pages show old numbers
            log.exception("failed to fan out signals")
            self.resync()
        finally:
            with self._lock:
                self._scheduler.finish(time.monotonic(), took, len(streams))

    def _send_to_all(self, fan_out: FanOut, streams: list[Stream]) -> float:
        """Returns the seconds that the writing took."""
        message = SignalFrames(fan_out.signal, len(streams))

        def send(batch: Sequence[Stream]) -> bool:
            self._deliver(message, batch)
            return not fan_out.discarded

        took = _in_batches(streams, send)
        PROCESS.fanned_out(self, len(streams), took)
        if fan_out.count > 1:
            metrics.COALESCED.inc((fan_out.count - 1) * len(streams))
        metrics.DELIVERIES.inc(len(streams))
        metrics.WRITE_SECONDS.inc(took)
        metrics.DELIVERY_LAG.observe(max(0.0, time.time() - fan_out.signal.seq / 1000))
        return took


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
