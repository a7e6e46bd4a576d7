"""An incident: something is away for a while. One line when it begins, one a minute while it lasts, one when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from structlog.stdlib import BoundLogger

AGAIN_SECONDS = 60.0  # how often an incident that lasts is told again
TEXT_LENGTH = 300  # characters of an error's text


class Incident:
    """What happens to `name`, for example "redis"; `meanwhile` says what Doorbell does until it is back.

    `state` and `again` are the words for what it is during the incident and after it. `fault` and `over` may be called by
    any thread. `settled` is how many seconds must have passed without a fault before `over` believes it: where many try at
    once, some succeed while others still fail.
    """

    def __init__(
        self,
        name: str,
        meanwhile: str = "trying again",
        *,
        state: str = "away",
        again: str = "back",
        settled: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._meanwhile, self._settled, self._clock = name, meanwhile, settled, clock
        self._state, self._again = state, again
        self._lock = threading.Lock()
        self._began: float | None = None
        self._failed = self._told = 0.0
        self._tries = 0

    def fault(self, log: BoundLogger, cause: str, error: object = None, **more: Any) -> bool:
        """Count one failed try; log the first, and then one a minute. Returns whether an incident began with it.

        `cause` is a word to search for, `error` an exception or a text; `more` goes into the line that is logged.
        """
        with self._lock:
            now = self._clock()
            begins = self._began is None
            self._tries = 1 if begins else self._tries + 1
            began = self._began = now if self._began is None else self._began
            self._failed = now
            if not begins and now - self._told < AGAIN_SECONDS:
                return False
            self._told = now
            tries = self._tries
        still = "" if begins else "still "
        lasts = {} if begins else {"seconds": round(now - began, 1), "tries": tries}
        said = {} if error is None else {"error": in_a_line(error)}
        log.warning(f"{self._name} is {still}{self._state}; {self._meanwhile}", cause=cause, **said, **lasts, **more)
        return begins

    def over(self, log: BoundLogger) -> bool:
        """Log that it is back, after how long and how many tries. Nothing, and False, when nothing was wrong."""
        if self._began is None:  # without the lock: this is called after everything that went well
            return False
        with self._lock:
            now = self._clock()
            if self._began is None or now - self._failed < self._settled:
                return False
            seconds, tries = now - self._began, self._tries
            self._began = None
        log.info(f"{self._name} is {self._again}", seconds=round(seconds, 1), tries=tries)
        return True


def in_a_line(error: object) -> str:
    """`OperationalError: connection refused`: an exception's type and its text's first line; a text as it is."""
    text = (str(error).strip().splitlines() or [""])[0][:TEXT_LENGTH]
    if not isinstance(error, BaseException):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
