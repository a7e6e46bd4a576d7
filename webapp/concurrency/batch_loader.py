"""Batched loads: concurrent callers share one load of all their keys.

A caller that arrives during a load waits for the next one, so its result is never older than its call. N concurrent
callers cost at most two loads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
LoadMany = Callable[[set[K]], Mapping[K, V]]


class LoadCancelled(Exception):
    """The caller that ran a shared load was ended from outside, for example by a worker that stops. The others retry."""


class _Batch(Generic[K, V]):
    def __init__(self) -> None:
        self.keys: set[K] = set()
        self.callers = 0
        self.found: Mapping[K, V] = {}
        self.error: Exception | None = None
        self.done = threading.Event()


class BatchLoader(Generic[K, V]):
    """Runs one load at a time, for the keys of all callers that wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._gathering: _Batch[K, V] | None = None

    @property
    def waiting(self) -> int:
        """The number of callers that wait for the next load."""
        with self._lock:
            return self._gathering.callers if self._gathering else 0

    def load(self, key: K, load_many: LoadMany[K, V]) -> V | None:
        """What `load_many` found for `key`, or None. It gets the keys of all callers, and an error of it reaches them all."""
        while True:
            with self._lock:
                batch, is_owner = self._gathering, self._gathering is None
                if batch is None:
                    batch = self._gathering = _Batch()
                batch.keys.add(key)
                batch.callers += 1
            if is_owner:
                self._run(batch, load_many)
            else:
                batch.done.wait()
            if batch.error is None:
                return batch.found.get(key)
            if not isinstance(batch.error, LoadCancelled):
                raise batch.error

    def _run(self, batch: _Batch[K, V], load_many: LoadMany[K, V]) -> None:
        try:
            # The batch gathers keys until the load before it is over.
            with self._loading:
                self._close(batch)
                batch.found = load_many(batch.keys)
        except Exception as error:
            batch.error = error
        except BaseException:
            batch.error = LoadCancelled()
            raise
        finally:
            self._close(batch)
            batch.done.set()

    def _close(self, batch: _Batch[K, V]) -> None:
        with self._lock:
            if self._gathering is batch:
                self._gathering = None
