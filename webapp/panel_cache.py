"""One render of a panel for all who may see it: one query and one render a change and process, however many watch.

A render is kept with the seq that was read before its query ran. It is given out as long as no signal after that seq
concerns it (signal_log.py asks Redis for each request), its time is not over and its day has not turned. So who asks after
signal n never gets what is older than n, whichever process answers. Who comes while a render is being made that is new
enough waits for it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from urllib.parse import quote
from weakref import WeakValueDictionary

from flask import Flask, current_app
from markupsafe import Markup

from .metrics import web as metrics
from .signal_log import Log
from .together import CutShortError, Together

MOST_BYTES = 32 * 1024 * 1024  # of fragments a process; the board of one tenant takes about 30 KB
MANY = 12  # requests that shared a render: then many watch, and the next one is begun no sooner than
PACE_SECONDS = 1.0  # after it began. Who comes meanwhile waits for it, so queries do not grow with watchers or changes
OVERHEAD_BYTES = 1_000  # a render's objects beside its fragment


@dataclass(frozen=True)
class Render:
    """A fragment as it was at `moment`, with the ETag of its content; `as_of` is the moment on the tenant's clock."""

    html: Markup
    body: bytes
    etag: str  # without its quotation marks
    moment: datetime
    as_of: str

    @property
    def as_of_header(self) -> str:
        return quote(self.as_of)  # a header is ASCII, a locale is not

    @property
    def size(self) -> int:
        return 2 * len(self.body) + OVERHEAD_BYTES


@dataclass(frozen=True)
class Wanted:
    """What a request asks for: `key` is all that the content depends on beside the data.

    `topics` make it old, as does an age of `seconds`; `ends` is the epoch second of the tenant's next midnight. `hurried`
    does not wait for its pace: a page that is painted first needs all panels, one after the other.
    """

    key: Hashable
    topics: tuple[str, ...]
    seconds: float
    ends: float
    hurried: bool = False


class _Flight:
    """A render that waits for its time, is under way, or is there."""

    def __init__(self, log: Log, now: float, wanted: Wanted, after: _Flight | None) -> None:
        self.log, self.wanted = log, wanted
        self.starts = now
        if after is not None and after.shared >= MANY and after.began <= now:
            self.starts = max(now, after.began + PACE_SECONDS)
        self.shared: int = 0  # requests beside the one that paints
        self.render: Render | None = None
        self.error: Exception | None = None
        self.done = threading.Event()
        self.seq: int | None = None  # until its query is about to begin
        self.began: float = now
        self.ends: float = self.starts + wanted.seconds

    def start(self, now: float) -> None:
        """All that was signalled until now is going to be in the render."""
        self.seq, self.began, self.ends = self.log.seq, now, min(now + self.wanted.seconds, self.wanted.ends)

    def serves(self, log: Log, topics: tuple[str, ...], now: float) -> bool:
        """Whether who has looked into `log` just now may have it."""
        if self.log is not log or self.error is not None or not self.began <= now < self.ends:
            return False
        return self.seq is None or self.seq >= log.newest(topics)


class PanelCache:
    """`clock` tells epoch seconds. Safe for threads and greenlets."""

    def __init__(self, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.bytes = 0
        self._most_bytes = most_bytes
        self._flights: OrderedDict[Hashable, _Flight] = OrderedDict()  # the one that was asked for last at the end
        self._unversioned: WeakValueDictionary[Hashable, Together[None, Render]] = WeakValueDictionary()
        self._lock = threading.Lock()

    def find(self, key: Hashable, topics: tuple[str, ...], log: Log) -> Render | None:
        """The render, if one that is new enough for `log` is there or somebody is at it.

        `log` was asked for after the request began.
        """
        flight = self._flights.get(key)
        if flight is None or not flight.serves(log, topics, self.clock()):
            return None
        flight.shared += 1
        if flight.render is None:
            metrics.PANEL_WAITS.inc()
            flight.done.wait(max(0.0, flight.ends - self.clock()))  # its time is the patience with it, too
            return flight.render
        with self._lock:
            if key in self._flights:
                self._flights.move_to_end(key)
        metrics.PANEL_HITS.inc()
        return flight.render

    def get(self, wanted: Wanted, log: Log | None, paint: Callable[[], Render]) -> Render:
        """The render: from memory, from somebody who is at it, or painted now. What `paint` raises is not kept.

        Without a `log` nothing is kept: it is painted for all who came before the painting began.
        """
        if log is None:
            return self._unkept(wanted.key, paint)
        while True:
            flight, leads = self._board(wanted, log)
            if leads:
                return self._fly(flight, paint)
            found = self.find(wanted.key, wanted.topics, log)
            if found is not None:
                return found
            if flight.error is not None and not isinstance(flight.error, CutShortError):
                raise flight.error

    def _board(self, wanted: Wanted, log: Log) -> tuple[_Flight, bool]:
        """The flight that serves, and whether it is this caller who has to fly it."""
        with self._lock:
            now = self.clock()
            flight = self._flights.get(wanted.key)
            waits = flight is not None and flight.seq is None and wanted.hurried
            if flight is not None and not waits and flight.serves(log, wanted.topics, now):
                return flight, False
            self._remove(wanted.key)
            flight = self._flights[wanted.key] = _Flight(log, now, wanted, after=None if wanted.hurried else flight)
            return flight, True

    def _fly(self, flight: _Flight, paint: Callable[[], Render]) -> Render:
        key = flight.wanted.key
        try:
            time.sleep(max(0.0, flight.starts - self.clock()))
            flight.start(self.clock())
            metrics.PANEL_MISSES.inc()
            render = paint()
        except BaseException as error:
            flight.error = error if isinstance(error, Exception) else CutShortError()
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]
            raise
        else:
            with self._lock:
                flight.render = render
                if self._flights.get(key) is flight:
                    self._count(render.size)
                    self._make_room()
            return render
        finally:
            flight.done.set()

    def _unkept(self, key: Hashable, paint: Callable[[], Render]) -> Render:
        with self._lock:
            together = self._unversioned.get(key)
            if together is None:
                together = self._unversioned[key] = Together()

        def run(_keys: set[None]) -> dict[None, Render]:
            metrics.PANEL_MISSES.inc()
            return {None: paint()}

        return cast(Render, together.get(None, run))

    def _make_room(self) -> None:
        while self.bytes > self._most_bytes:
            self._remove(next(iter(self._flights)))

    def _remove(self, key: Hashable) -> None:
        flight = self._flights.pop(key, None)
        if flight is not None and flight.render is not None:
            self._count(-flight.render.size)

    def _count(self, size: int) -> None:
        self.bytes += size
        metrics.PANEL_BYTES.inc(size)


def init_app(app: Flask) -> None:
    app.extensions["doorbell_panels"] = PanelCache()


def panel_cache() -> PanelCache:
    """The running app's."""
    return cast(PanelCache, current_app.extensions["doorbell_panels"])
