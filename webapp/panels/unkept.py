"""Renders that are not kept, because the tenant's signals are unknown: concurrent requests share one."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import cast
from weakref import WeakValueDictionary

from ..concurrency.batch_loader import BatchLoader
from ..observability.metrics import web as metrics
from .render import Paint, Render


class UnkeptRenders:
    """One painting serves the callers that arrived before it began."""

    def __init__(self) -> None:
        self._loaders: WeakValueDictionary[Hashable, BatchLoader[None, Render]] = WeakValueDictionary()
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        """The number of callers that wait for the next painting."""
        return sum(loader.waiting for loader in list(self._loaders.values()))

    def get(self, key: Hashable, paint: Paint) -> Render | Exception:
        """The render, or the exception of `paint`."""
        with self._lock:
            loader = self._loaders.get(key)
            if loader is None:
                loader = self._loaders[key] = BatchLoader()

        def run(_keys: set[None]) -> dict[None, Render]:
            metrics.PANEL_MISSES.inc()
            return {None: paint()}

        try:
            return cast(Render, loader.load(None, run))
        except Exception as error:
            return error
