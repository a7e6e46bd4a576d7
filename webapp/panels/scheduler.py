"""The render scheduler: one query and one render of a panel per change and process, shared by all its viewers.

A render is kept with the seq that was read before its query ran. It is served until a later signal concerns it, its maximum
age is reached or its day ends; signals/log_follower.py reads Redis's log for each request. So a request after signal n never
gets a render older than n, from any process. A request joins a job that is scheduled or in flight, if that is new enough, and a
new job waits for its round (panels/rounds.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from cachetools import LRUCache

from ..concurrency.batch_loader import LoadCancelled
from ..display import clock as page_clock
from ..observability.metrics import web as metrics
from ..signals.log_follower import Log
from .cache import RenderCache
from .personal import PersonalRenders
from .render import Paint, Rendered, RenderJob, RenderRequest
from .rounds import Round
from .unkept import UnkeptRenders

# With rounds; some hundred bytes each.
MAX_TENANTS = 10_000


R = TypeVar("R", bound=Rendered)

# Jobs that were opened for a caller that has not yet run them, by key.
Reserved = dict[Hashable, RenderJob]


class RenderScheduler:
    """`clock` is monotonic and counts ages and the pace; `epoch` is for the end of a day. Safe for threads and greenlets."""

    def __init__(
        self,
        cache: RenderCache,
        clock: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = page_clock.epoch,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.cache, self.unkept, self.personal = cache, UnkeptRenders(), PersonalRenders()
        self.clock, self.epoch, self._sleep = clock, epoch, sleep
        self._open: dict[Hashable, RenderJob] = {}  # scheduled or in flight
        self._rounds: LRUCache[Hashable, Round] = LRUCache(MAX_TENANTS)
        self._lock = threading.Lock()

    @property
    def scheduled(self) -> int:
        """The number of jobs that wait for their pace."""
        return sum(job.seq is None for job in list(self._open.values()))

    def find(self, wanted: Iterable[tuple[Hashable, tuple[str, ...]]], log: Log) -> list[RenderJob] | None:
        """The jobs for these keys and topics, for `wait`; None unless each is fresh for `log`.

        `log` was read after the request began.
        """
        now, moment = self.clock(), self.epoch()
        jobs = []
        with self._lock:
            for key, topics in wanted:
                job = self._open.get(key) or self.cache.get(key)
                if job is None or not job.is_fresh_for(log, topics, now, moment):
                    return None
                jobs.append(job)
        return jobs

    def wait(self, jobs: Sequence[RenderJob]) -> list[Any] | None:
        """The renders of these jobs, once they are done; None when one failed."""
        # The last job ends last, so a request that waits for it is woken once.
        waits = 0
        for job in reversed(jobs):
            if job.render is None:
                waits += 1
                if self._share(job) is None:
                    return None
        metrics.PANEL_HITS.inc(len(jobs) - waits)
        return [job.render for job in jobs if job.render is not None]

    def reserve(self, requests: Iterable[RenderRequest], log: Log) -> Reserved:
        """Open jobs where none is fresh, before the caller can run them: requests that arrive until then join.

        The caller passes them to `get_all`, and in any case calls `release`.
        """
        joined = [self._join_or_open(request, log, {}) for request in requests]
        return {job.request.key: job for job, is_owner in joined if is_owner}

    def release(self, reserved: Reserved) -> None:
        """Let those that wait for jobs without a run try again."""
        for job in reserved.values():
            self._close(job, error=LoadCancelled())

    def get(self, request: RenderRequest, log: Log | None, paint: Callable[[], R]) -> R:
        """The render: kept, in flight, or painted now. An exception of `paint` is not kept.

        Without a `log` nothing is kept: one painting serves the callers that arrived before it began.
        """
        render = self.get_all([(request, paint)], log)[0]
        if isinstance(render, Exception):
            raise render
        return render

    def get_all(
        self,
        requests: Sequence[tuple[RenderRequest, Callable[[], R]]],
        log: Log | None,
        reserved: Reserved | None = None,
    ) -> list[R | Exception]:
        """As `get`, for several at once; an exception of a `paint` takes the place of its render.

        Jobs that are `reserved` for this caller are taken out of it, and run; a failed one gives its error.
        """
        if log is None:
            return [self.unkept.get(request.key, paint) for request, paint in requests]
        found: list[R | Exception | None] = [None] * len(requests)
        while missing := [n for n, render in enumerate(found) if render is None]:
            # All, before any wait.
            joined = [(n, *self._join_or_open(requests[n][0], log, reserved or {})) for n in missing]
            self._run_all([(job, requests[n][1]) for n, job, is_owner in joined if is_owner])
            for n, job, is_owner in joined:
                found[n] = job.render if is_owner else self._share(job)
                if found[n] is None and not isinstance(job.error, LoadCancelled):
                    found[n] = job.error
        return [render for render in found if render is not None]

    def _join_or_open(self, request: RenderRequest, log: Log, reserved: Reserved) -> tuple[RenderJob, bool]:
        """A job that is fresh for the request, and whether this caller is its owner and has to run it."""
        with self._lock:
            now = self.clock()
            own = reserved.get(request.key)
            if own is not None and own.error is not None and not isinstance(own.error, LoadCancelled):
                return reserved.pop(request.key), False
            if own is not None and own.is_fresh_for(log, request.topics, now, self.epoch()):
                return reserved.pop(request.key), True
            job = self._open.get(request.key) or self.cache.get(request.key)
            waits_for_pace = job is not None and job.seq is None and request.first_paint
            if job is not None and not waits_for_pace and job.is_fresh_for(log, request.topics, now, self.epoch()):
                return job, False
            job = self._open[request.key] = self._new_job(request, log, now, before=job)
            return job, True

    def _new_job(self, request: RenderRequest, log: Log, now: float, before: RenderJob | None) -> RenderJob:
        last = before.starts if before is not None and before.seq is not None and not request.first_paint else None
        cost = before.cost_seconds if before is not None else None
        starts = self._round(request).next_start(now, last, cost or 0.0, request.round_seconds)
        return RenderJob(log, request, starts, cost)

    def _round(self, request: RenderRequest) -> Round:
        found = self._rounds.get(request.tenant)
        if found is None:
            found = self._rounds[request.tenant] = Round()
        return found

    def _share(self, job: RenderJob) -> Any:
        """The job's render, after a wait if necessary; None when it failed or took too long."""
        if job.render is None:
            metrics.PANEL_WAITS.inc()
            job.done.wait(max(0.0, job.expires - self.clock()))
        else:
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
                    self._close(job, error=LoadCancelled())

    def _run(self, job: RenderJob, paint: Paint) -> None:
        if (wait := job.starts - self.clock()) > 0:
            self._sleep(wait)
        with self._lock:
            job.start(self.clock(), self.epoch())
            self._round(job.request).started(job.starts, job.request.round_seconds)
        metrics.PANEL_MISSES.inc()
        try:
            job.finish(paint(), self.clock())
        except Exception as error:
            self._close(job, error)
        else:
            self._close(job)

    def _close(self, job: RenderJob, error: Exception | None = None) -> None:
        """The job has its render or its error. A newer job of its key may have taken its place."""
        job.error = error
        with self._lock:
            if self._open.get(job.request.key) is job:
                del self._open[job.request.key]
                if error is None and job.render.is_complete:
                    self.cache.put(job.request.key, job)
        job.done.set()
