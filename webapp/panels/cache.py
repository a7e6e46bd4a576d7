"""Renders in memory, up to a number of bytes."""

from __future__ import annotations

from collections.abc import Hashable

from cachetools import LRUCache

from ..observability.metrics import web as metrics
from .render import RenderJob

# Of fragments per process; one tenant's board takes about 30 KB.
MAX_BYTES = 32 * 1024 * 1024


class RenderCache:
    """Finished jobs by key; the least recently used are dropped first. Not thread-safe: the scheduler holds a lock."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._jobs: LRUCache[Hashable, RenderJob] = LRUCache(max_bytes, getsizeof=lambda job: job.size)

    @property
    def bytes(self) -> int:
        return int(self._jobs.currsize)

    def get(self, key: Hashable) -> RenderJob | None:
        """The job, which is then the most recently used."""
        return self._jobs.get(key)

    def put(self, key: Hashable, job: RenderJob) -> None:
        """Keep a job with its render, in place of an older one. A render above the limit is not kept."""
        before = self.bytes
        self._jobs.pop(key, None)
        if job.size <= self._jobs.maxsize:
            self._jobs[key] = job
        metrics.PANEL_BYTES.inc(self.bytes - before)

    def clear(self) -> None:
        metrics.PANEL_BYTES.dec(self.bytes)
        self._jobs.clear()
