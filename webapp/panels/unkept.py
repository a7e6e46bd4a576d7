"""Renders that are not kept, because the tenant's signals are unknown: concurrent requests share one."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

from ..concurrency.batch_loader import BatchLoader
from ..observability.metrics import web as metrics
from .render import Rendered

R = TypeVar("R", bound=Rendered)


class UnkeptRenders:
    """One painting serves the callers that arrived before it began."""

    def __init__(self) -> None:
        self._loaders: WeakValueDictionary[Hashable, BatchLoader[None, Any]] = WeakValueDictionary()
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        """The number of callers that wait for the next painting."""
        return sum(loader.waiting for loader in list(self._loaders.values()))

    def get(self, key: Hashable, paint: Callable[[], R]) -> R | Exception:
        """The render, or the exception of `paint`."""
        with self._lock:
            loader = self._loaders.get(key)
            if loader is None:
                loader = self._loaders[key] = BatchLoader()

        def run(_keys: set[None]) -> dict[None, R]:
            metrics.PANEL_MISSES.inc()
            return {None: paint()}

        try:
            return cast(R, loader.load(None, run))
        except Exception as error:
            return error
