"""A tenant's open streams in this process, and how a signal goes out to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from . import frames, resume, signals
from .events import RESYNC
from .metrics import web as metrics
from .open_stream import Stream
from .socket_stream import deliver

IN_ONE_GO = 256  # streams that are written to before other greenlets have their turn: about 2 ms


class Audience:
    """`ready` once its signals come, `recent` are those that came since. `streams` in the order in which they opened: so
    they lie in the kernel's memory as well, and at 5,000 that saves a tenth of what writing costs."""

    def __init__(self) -> None:
        self.streams: dict[Stream, None] = {}
        self.ready = threading.Event()
        self.recent = resume.Recent()

    def hear(self, signal: signals.Signal) -> None:
        """The next signal: first to the persons whom it concerns, whole, then to the others what is the tenant's."""
        began = time.perf_counter()
        streams = list(self.streams)
        waited = self._tell_persons(signal, streams) if signal.users else 0.0
        if signal.topics:
            message = frames.Message(signals.Signal(signal.seq, signal.topics, at=signal.at), len(streams))
            waited += _in_turns(streams, lambda some: deliver(message, some))
        metrics.DELIVERIES.inc(len(streams))
        metrics.WRITE_SECONDS.inc(time.perf_counter() - began - waited)
        metrics.WRITTEN_LAG.observe(max(0.0, time.time() - signal.seq / 1000))

    def begin_anew(self) -> None:
        """What came before is nothing to go by, and signals may have been missed."""
        self.recent = resume.Recent()
        for stream in list(self.streams):
            stream.seq = 0
            stream.say(RESYNC, "gap")

    def _tell_persons(self, signal: signals.Signal, streams: list[Stream]) -> float:
        persons = [stream for stream in streams if stream.user_id in signal.users]
        message = frames.Message(signal, len(streams))

        def tell(some: Sequence[Stream]) -> None:
            for stream in some:
                stream.deliver(message)
                stream.seq = max(stream.seq, signal.seq)  # so that it is not told again with the others

        return _in_turns(persons, tell)


def _in_turns(streams: list[Stream], tell: Callable[[Sequence[Stream]], None]) -> float:
    """A part of them at a time, so that other greenlets have their turn. Returns the seconds that these took."""
    waited = 0.0
    for begin in range(0, len(streams), IN_ONE_GO):
        tell(streams[begin : begin + IN_ONE_GO])
        if begin + IN_ONE_GO < len(streams):
            left = time.perf_counter()
            time.sleep(0)
            waited += time.perf_counter() - left
    return waited
