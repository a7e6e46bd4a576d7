"""One render of a panel for all who may see it: one query and one render a change and process, however many watch.

A render is kept with the seq that was read before its query ran. It is given out as long as no signal after that seq
concerns it (signals/log_follower.py asks Redis for each request), its time is not over and its day has not ended. So a
request after signal n never gets a render older than n, whichever process answers. A request that arrives while a new enough
render is being made waits for it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import cast
from weakref import WeakValueDictionary

from flask import Flask, current_app

from ..concurrency.batch_loader import BatchLoader, LoadCancelled
from ..display import clock
from ..observability.metrics import web as metrics
from ..signals.log_follower import Log
from .render import Paint, Render, RenderJob, RenderRequest

MAX_BYTES = 32 * 1024 * 1024  # of fragments a process; the board of one tenant takes about 30 KB


class PanelCache:
    """`clock` tells epoch seconds. Safe for threads and greenlets."""

    def __init__(self, most_bytes: int = MAX_BYTES, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.bytes = 0
        self._most_bytes = most_bytes
        self._flights: OrderedDict[Hashable, RenderJob] = OrderedDict()  # the one that was asked for last at the end
        self._unversioned: WeakValueDictionary[Hashable, BatchLoader[None, Render]] = WeakValueDictionary()
        self._lock = threading.Lock()

    def find(self, wants: Iterable[tuple[Hashable, tuple[str, ...]]], log: Log) -> list[Render] | None:
        """Renders by key and topics, if of each one is there that is new enough for `log`, or somebody is at it.

        `log` was asked for after the request began.
        """
        now = self.clock()
        flights = []
        for key, topics in wants:
            flight = self._flights.get(key)
            if flight is None or not flight.serves(log, topics, now):
                return None
            flights.append(flight)
        renders = [self._share(flight) for flight in flights]
        return [render for render in renders if render is not None] if all(renders) else None

    def get(self, wanted: RenderRequest, log: Log | None, paint: Paint) -> Render:
        """The render: from memory, from somebody who is at it, or painted now. What `paint` raises is not kept.

        Without a `log` nothing is kept: it is painted for all who came before the painting began.
        """
        render = self.get_all([(wanted, paint)], log)[0]
        if isinstance(render, Exception):
            raise render
        return render

    def get_all(self, wants: Sequence[tuple[RenderRequest, Paint]], log: Log | None) -> list[Render | Exception]:
        """As `get`, for several that are waited for together; in the place of a render what its `paint` raised."""
        if log is None:
            return [self._unkept(wanted.key, paint) for wanted, paint in wants]
        found: list[Render | Exception | None] = [None] * len(wants)
        while missing := [n for n, render in enumerate(found) if render is None]:
            boarded = [(n, *self._board(wants[n][0], log)) for n in missing]  # all, before any of them is waited for
            self._fly_all([(flight, wants[n][1]) for n, flight, leads in boarded if leads])
            for n, flight, leads in boarded:
                found[n] = flight.render if leads else self._share(flight)
                if found[n] is None and not isinstance(flight.error, LoadCancelled):
                    found[n] = flight.error
        return [render for render in found if render is not None]

    def _board(self, wanted: RenderRequest, log: Log) -> tuple[RenderJob, bool]:
        """The flight that serves, and whether it is this caller who has to fly it."""
        with self._lock:
            now = self.clock()
            flight = self._flights.get(wanted.key)
            waits = flight is not None and flight.seq is None and wanted.hurried
            if flight is not None and not waits and flight.serves(log, wanted.topics, now):
                return flight, False
            self._remove(wanted.key)
            flight = self._flights[wanted.key] = RenderJob(log, now, wanted, after=None if wanted.hurried else flight)
            return flight, True

    def _share(self, flight: RenderJob) -> Render | None:
        """Its render, waited for if need be; None when it failed or took too long."""
        flight.shared += 1
        if flight.render is None:
            metrics.PANEL_WAITS.inc()
            flight.done.wait(max(0.0, flight.ends - self.clock()))  # its time is the patience with it, too
            return flight.render
        with self._lock:
            if flight.wanted.key in self._flights:
                self._flights.move_to_end(flight.wanted.key)
        metrics.PANEL_HITS.inc()
        return flight.render

    def _fly_all(self, led: list[tuple[RenderJob, Paint]]) -> None:
        """One after the other as their time comes. Whoever is cut short leaves none behind that nobody flies."""
        led.sort(key=lambda each: each[0].starts)
        try:
            for flight, paint in led:
                self._fly(flight, paint)
        finally:
            for flight, _ in led:
                if not flight.done.is_set():
                    self._fail(flight, LoadCancelled())

    def _fly(self, flight: RenderJob, paint: Paint) -> None:
        time.sleep(max(0.0, flight.starts - self.clock()))
        flight.start(self.clock())
        metrics.PANEL_MISSES.inc()
        try:
            render = paint()
        except Exception as error:
            self._fail(flight, error)
            return
        with self._lock:
            flight.render = render
            if self._flights.get(flight.wanted.key) is flight:
                self._count(render.size)
                self._make_room()
        flight.done.set()

    def _fail(self, flight: RenderJob, error: Exception) -> None:
        flight.error = error
        with self._lock:
            if self._flights.get(flight.wanted.key) is flight:
                del self._flights[flight.wanted.key]
        flight.done.set()

    def _unkept(self, key: Hashable, paint: Paint) -> Render | Exception:
        with self._lock:
            together = self._unversioned.get(key)
            if together is None:
                together = self._unversioned[key] = BatchLoader()

        def run(_keys: set[None]) -> dict[None, Render]:
            metrics.PANEL_MISSES.inc()
            return {None: paint()}

        try:
            return cast(Render, together.load(None, run))
        except Exception as error:
            return error

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
    app.extensions["doorbell_panels"] = PanelCache(clock=clock.epoch)


def panel_cache() -> PanelCache:
    """The running app's."""
    return cast(PanelCache, current_app.extensions["doorbell_panels"])
