"""Runs work that may block in a thread of its own, so that gevent's only thread goes on with streams and pages."""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

# At the same time; further callers wait.
THREADS = 2

T = TypeVar("T")


def run(work: Callable[[], T]) -> T:
    """The result of `work`, or its exception. `work` has no Flask context: pass it what it needs.

    Without gevent it runs in the calling thread, also without a context.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return contextvars.Context().run(work)
    result, error = _threads().apply(_outcome, (work,))
    if error is not None:
        raise error
    return cast(T, result)


def _outcome(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return work(), None
    except Exception as error:
        return None, error


@cache
def _threads() -> Any:
    from gevent.threadpool import ThreadPool

    return ThreadPool(THREADS)
