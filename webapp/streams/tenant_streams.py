"""A tenant's open streams in this process, and how signals go out to them: each by itself to few, folded to a crowd."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from ..events.topics import RESYNC
from ..observability import logs
from ..observability.metrics import web as metrics
from ..signals.signal import Signal
from . import resume
from .base import Stream
from .jitter import CROWD_THRESHOLD
from .pending import PendingTopics
from .sse import NO_USER, Message
from .unreadable_messages import UnreadableMessages

PAUSE_SECONDS = 0.1  # between two fan-outs to a crowd, at least; a page refetches about once a second
PAUSE_TIMES = 2.0  # as many times what the last fan-out took, if that is more: a third of a core for them at most
IN_ONE_GO = 256  # streams that are written to before other greenlets have their turn: about 2 ms

log = logs.get("hub")


class TenantStreams:
    """`ready` once its signals come, `recent` are those that came since. `streams` in the order in which they opened: so
    they lie in the kernel's memory as well, and with thousands that saves a tenth of what writing costs.

    The first signal after quiet goes out at once. Those that come until the next may begin wait as one, in `_waiting`.
    """

    def __init__(self, deliver: Callable[[Message, Sequence[Stream]], None], misread: UnreadableMessages) -> None:
        """`deliver` gives one message, the same for all, to streams; it does not wait. `misread` is for what is unreadable."""
        self._deliver, self.misread = deliver, misread
        self.streams: dict[Stream, None] = {}
        self.ready = threading.Event()
        self.recent = resume.RecentSignals()
        self._lock = threading.Lock()  # of what follows
        self._waiting = PendingTopics()
        self._waits = 0  # how many signals are in it
        self._going: PendingTopics | None = None  # what a fan-out is at
        self._busy = False  # somebody is at a fan-out, or waits to begin one
        self._due = 0.0  # when the next may begin, in seconds of time.monotonic

    def add(self, stream: Stream) -> None:
        self.streams[stream] = None
        stream.audience = self.streams
        metrics.tenant_has(len(self.streams), len(self.streams) - 1)

    def remove(self, stream: Stream) -> None:
        del self.streams[stream]
        metrics.tenant_has(len(self.streams), len(self.streams) + 1)

    def hear(self, signal: Signal) -> None:
        """The next signal: at once and whole to the persons whom it concerns; its topics to all, by themselves or folded."""
        if signal.users:
            self._tell_persons(signal)
        if not signal.topics:
            return
        with self._lock:
            self._waiting.add(signal, NO_USER)
            self._waits += 1
            if self._busy:
                return
            self._busy = True
        if time.monotonic() < self._due:
            threading.Thread(target=self._tell_all, name="fold", daemon=True).start()
        else:
            self._tell_all()

    def forget(self) -> None:
        """What waits is not told, nor the rest of what is going out: its streams hear `away` or `resync` instead."""
        with self._lock:
            self._waiting, self._waits, self._going = PendingTopics(), 0, None

    def begin_anew(self) -> None:
        """What came before is nothing to go by, and signals may have been missed."""
        self.forget()
        self.recent = resume.RecentSignals()
        for stream in list(self.streams):
            stream.seq = 0
            stream.say(RESYNC, "gap")

    def _tell_persons(self, signal: Signal) -> None:
        """With what they have not yet heard of the signals before it, so that nothing older comes later."""
        streams = list(self.streams)
        persons = [stream for stream in streams if stream.user_id in signal.users]
        together = PendingTopics()
        with self._lock:
            for before in (self._going, self._waiting):
                if before is not None:
                    together.add(before.signal(), NO_USER)
        together.add(Signal(signal.seq, signal.topics, at=signal.at), NO_USER)
        message = Message(together.signal(signal.users), len(streams))

        def tell(some: Sequence[Stream]) -> bool:
            for stream in some:
                stream.deliver(message)
                stream.seq = max(stream.seq, signal.seq)  # older ones, and this one's topics, are passed over
            return True

        metrics.WRITE_SECONDS.inc(_in_turns(persons, tell))
        metrics.DELIVERIES.inc(len(persons))

    def _tell_all(self) -> None:
        """Until nothing waits any more. Only who has made `_busy` true comes here."""
        try:
            while self._something_waits():
                if (pause := self._due - time.monotonic()) > 0:
                    time.sleep(pause)
                self._fan_out()
        except Exception:  # a board that is not told, and not told so either, would show old numbers as live
            log.exception("a fan-out failed")
            self._busy = False
            self.begin_anew()

    def _something_waits(self) -> bool:
        with self._lock:
            self._busy = self._waits > 0
            return self._busy

    def _fan_out(self) -> None:
        """All that waits, as one signal."""
        streams = list(self.streams)
        with self._lock:
            going, self._waiting = self._waiting, PendingTopics()
            folded, self._waits = self._waits - 1, 0
            self._going = going
        if folded < 0:
            return  # forgotten meanwhile
        signal = going.signal()
        message = Message(signal, len(streams))

        def tell(some: Sequence[Stream]) -> bool:
            self._deliver(message, some)
            return self._going is going

        took = _in_turns(streams, tell)
        self._going = None
        self._due = time.monotonic() + max(PAUSE_SECONDS, PAUSE_TIMES * took) if len(streams) > CROWD_THRESHOLD else 0.0
        if folded:
            metrics.FOLDED.inc(folded * len(streams))
        metrics.DELIVERIES.inc(len(streams))
        metrics.WRITE_SECONDS.inc(took)
        metrics.WRITTEN_LAG.observe(max(0.0, time.time() - signal.seq / 1000))


def _in_turns(streams: list[Stream], tell: Callable[[Sequence[Stream]], bool]) -> float:
    """A part of them at a time, so that other greenlets have their turn, for as long as `tell` says to go on. Returns the
    seconds that it took without those turns."""
    took, began = 0.0, time.perf_counter()
    for begin in range(0, len(streams), IN_ONE_GO):
        goes_on = tell(streams[begin : begin + IN_ONE_GO])
        if not goes_on or begin + IN_ONE_GO >= len(streams):
            break
        took += time.perf_counter() - began
        time.sleep(0)
        began = time.perf_counter()
    return took + time.perf_counter() - began
