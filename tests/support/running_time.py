"""The time in which this process ran, for limits of what it does: a busy machine may let it stand for seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK_SECONDS = 0.01
# A tick counts at most this. A longer one was a pause of the process or of the machine.
MAX_TICK_SECONDS = 0.05


@contextmanager
def running_time() -> Iterator[Callable[[], float]]:
    """Yields a function that returns the seconds since the begin of the block, without the pauses."""
    ended = threading.Event()
    counted = 0.0

    def count() -> None:
        nonlocal counted
        last = time.monotonic()
        while not ended.wait(TICK_SECONDS):
            now = time.monotonic()
            counted += min(now - last, MAX_TICK_SECONDS)
            last = now

    counting = threading.Thread(target=count)
    counting.start()
    try:
        yield lambda: counted
    finally:
        ended.set()
        counting.join()
