"""The render cache: one query and one render of a panel per change and process, shared by all its viewers.

A render is kept with the seq that was read before its query ran. It is served until a later signal concerns it, its maximum
age is reached or its day ends; signals/log_follower.py reads Redis's log for each request. So a request after signal n never
gets a render older than n, from any process. A request waits for a render in flight that is new enough.
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

# Of fragments per process; one tenant's board takes about 30 KB.
MAX_BYTES = 32 * 1024 * 1024


class PanelCache:
    """`clock` returns epoch seconds. Safe for threads and greenlets."""

    def __init__(self, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.bytes = 0
        self._max_bytes = max_bytes
        self._jobs: OrderedDict[Hashable, RenderJob] = OrderedDict()  # least recently used first
        self._unversioned: WeakValueDictionary[Hashable, BatchLoader[None, Render]] = WeakValueDictionary()
        self._lock = threading.Lock()

    @property
    def waiting_unkept(self) -> int:
        """The number of requests that wait for the next render of a panel that is not kept."""
        return sum(loader.waiting for loader in list(self._unversioned.values()))

    def find(self, wanted: Iterable[tuple[Hashable, tuple[str, ...]]], log: Log) -> list[Render] | None:
        """The renders for these keys and topics, kept or in flight; None unless each is fresh for `log`.

        `log` was read after the request began.
        """
        now = self.clock()
        jobs = []
        for key, topics in wanted:
            job = self._jobs.get(key)
            if job is None or not job.is_fresh_for(log, topics, now):
                return None
            jobs.append(job)
        renders = [self._share(job) for job in jobs]
        return [render for render in renders if render is not None] if all(renders) else None

    def get(self, request: RenderRequest, log: Log | None, paint: Paint) -> Render:
        """The render: kept, in flight, or painted now. An exception of `paint` is not kept.

        Without a `log` nothing is kept: one painting serves the callers that arrived before it began.
        """
        render = self.get_all([(request, paint)], log)[0]
        if isinstance(render, Exception):
            raise render
        return render

    def get_all(self, requests: Sequence[tuple[RenderRequest, Paint]], log: Log | None) -> list[Render | Exception]:
        """As `get`, for several at once; an exception of a `paint` takes the place of its render."""
        if log is None:
            return [self._render_unkept(request.key, paint) for request, paint in requests]
        found: list[Render | Exception | None] = [None] * len(requests)
        while missing := [n for n, render in enumerate(found) if render is None]:
            joined = [(n, *self._join_or_start(requests[n][0], log)) for n in missing]  # all, before any wait
            self._run_all([(job, requests[n][1]) for n, job, is_owner in joined if is_owner])
            for n, job, is_owner in joined:
                found[n] = job.render if is_owner else self._share(job)
                if found[n] is None and not isinstance(job.error, LoadCancelled):
                    found[n] = job.error
        return [render for render in found if render is not None]

    def _join_or_start(self, request: RenderRequest, log: Log) -> tuple[RenderJob, bool]:
        """A job that is fresh for the request, and whether this caller is its owner and has to run it."""
        with self._lock:
            now = self.clock()
            job = self._jobs.get(request.key)
            waits_for_pace = job is not None and job.seq is None and request.first_paint
            if job is not None and not waits_for_pace and job.is_fresh_for(log, request.topics, now):
                return job, False
            self._remove(request.key)
            job = self._jobs[request.key] = RenderJob(log, now, request, after=None if request.first_paint else job)
            return job, True

    def _share(self, job: RenderJob) -> Render | None:
        """The job's render, after a wait if necessary; None when it failed or took too long."""
        job.shared += 1
        if job.render is None:
            metrics.PANEL_WAITS.inc()
            job.done.wait(max(0.0, job.ends - self.clock()))  # no longer than it is valid
            return job.render
        with self._lock:
            if job.request.key in self._jobs:
                self._jobs.move_to_end(job.request.key)
        metrics.PANEL_HITS.inc()
        return job.render

    def _run_all(self, owned: list[tuple[RenderJob, Paint]]) -> None:
        """Run the jobs in the order of their start. If one is cancelled, the rest fail, so that no waiter is left."""
        owned.sort(key=lambda each: each[0].starts)
        try:
            for job, paint in owned:
                self._run(job, paint)
        finally:
            for job, _ in owned:
                if not job.done.is_set():
                    self._fail(job, LoadCancelled())

    def _run(self, job: RenderJob, paint: Paint) -> None:
        time.sleep(max(0.0, job.starts - self.clock()))
        job.start(self.clock())
        metrics.PANEL_MISSES.inc()
        try:
            render = paint()
        except Exception as error:
            self._fail(job, error)
            return
        with self._lock:
            job.render = render
            if self._jobs.get(job.request.key) is job:
                self._count(render.size)
                self._evict()
        job.done.set()

    def _fail(self, job: RenderJob, error: Exception) -> None:
        job.error = error
        with self._lock:
            if self._jobs.get(job.request.key) is job:
                del self._jobs[job.request.key]
        job.done.set()

    def _render_unkept(self, key: Hashable, paint: Paint) -> Render | Exception:
        with self._lock:
            loader = self._unversioned.get(key)
            if loader is None:
                loader = self._unversioned[key] = BatchLoader()

        def run(_keys: set[None]) -> dict[None, Render]:
            metrics.PANEL_MISSES.inc()
            return {None: paint()}

        try:
            return cast(Render, loader.load(None, run))
        except Exception as error:
            return error

    def _evict(self) -> None:
        while self.bytes > self._max_bytes:
            self._remove(next(iter(self._jobs)))

    def _remove(self, key: Hashable) -> None:
        job = self._jobs.pop(key, None)
        if job is not None and job.render is not None:
            self._count(-job.render.size)

    def _count(self, size: int) -> None:
        self.bytes += size
        metrics.PANEL_BYTES.inc(size)


def init_app(app: Flask) -> None:
    app.extensions["doorbell_panels"] = PanelCache(clock=clock.epoch)


def panel_cache() -> PanelCache:
    """The running app's cache."""
    return cast(PanelCache, current_app.extensions["doorbell_panels"])
