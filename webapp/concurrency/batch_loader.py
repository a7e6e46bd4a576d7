"""Many ask at once; one asks for all of them.

Who comes while a run is under way waits for the next one: what it gets was looked up after it came, never before. So N
that come at once cost two runs at most, and nobody is given the past.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
Run = Callable[[set[K]], Mapping[K, V]]


class LoadCancelled(Exception):
    """Who ran for the others was ended from outside (a worker that stops). They run again."""


class _Batch(Generic[K, V]):
    def __init__(self) -> None:
        self.keys: set[K] = set()
        self.callers = 0
        self.found: Mapping[K, V] = {}
        self.error: Exception | None = None
        self.done = threading.Event()


class BatchLoader(Generic[K, V]):
    """One run at a time. `get` returns what the run found for `key`, None when it found nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._gathering: _Batch[K, V] | None = None

    @property
    def waiting(self) -> int:
        """How many callers the next run answers."""
        with self._lock:
            return self._gathering.callers if self._gathering else 0

    def get(self, key: K, run: Run[K, V]) -> V | None:
        """`run` is given all keys that gathered. What it raises, everybody who waited for it gets."""
        while True:
            with self._lock:
                batch, leads = self._gathering, self._gathering is None
                if batch is None:
                    batch = self._gathering = _Batch()
                batch.keys.add(key)
                batch.callers += 1
            if leads:
                self._lead(batch, run)
            else:
                batch.done.wait()
            if batch.error is None:
                return batch.found.get(key)
            if not isinstance(batch.error, LoadCancelled):
                raise batch.error

    def _lead(self, batch: _Batch[K, V], run: Run[K, V]) -> None:
        try:
            with self._turn:  # until the run before is over, this one gathers
                self._close(batch)
                batch.found = run(batch.keys)
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
