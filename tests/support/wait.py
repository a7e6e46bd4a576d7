"""Waits for what other processes and threads do."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


# For what a process does that may still be starting, on a machine that runs several times as many processes as it has cores.
SECONDS = 30.0


def eventually(condition: Callable[..., T], seconds: float = SECONDS) -> T:
    """The first true value of `condition`. A failure names its last value or error."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
            if found:
                return found
        except (OSError, http.client.HTTPException, AssertionError) as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"not so after {seconds} s: {error}") from error
            found = None
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds} s: {found!r}")
        time.sleep(0.02)
