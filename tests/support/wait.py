"""Waits for what other processes and threads do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[..., T], seconds: float = 15.0) -> T:
    """The first true value of `condition`. A failure names its last value or error."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
            if found:
                return found
        except (OSError, AssertionError) as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"not so after {seconds} s: {error}") from error
            found = None
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds} s: {found!r}")
        time.sleep(0.02)
