"""Incident: an outage that is logged when it begins, once per minute while it lasts, and when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from structlog.stdlib import BoundLogger

# Time between two log lines of an incident that lasts.
REMINDER_SECONDS = 60.0
ERROR_CHARS = 300


class Incident:
    """An outage of `name`, for example "redis"; `meanwhile` is what Doorbell does until it is over.

    `state` and `again` describe `name` during the incident and after it. Any thread may call `fault` and `over`. `settled`
    is the number of seconds without a fault before `over` counts: of many concurrent attempts, some succeed while others
    still fail.
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
        self._failed = self._logged = 0.0
        self._tries = 0

    def fault(self, log: BoundLogger, cause: str, error: object = None, **more: Any) -> bool:
        """Count a failed attempt; log the first, then one per minute. Returns whether it began an incident.

        `cause` is a key to search logs for, `error` an exception or a text; `more` is added to the line.
        """
        with self._lock:
            now = self._clock()
            begins = self._began is None
            self._tries = 1 if begins else self._tries + 1
            began = self._began = now if self._began is None else self._began
            self._failed = now
            if not begins and now - self._logged < REMINDER_SECONDS:
                return False
            self._logged = now
            tries = self._tries
        still = "" if begins else "still "
        lasts = {} if begins else {"seconds": round(now - began, 1), "tries": tries}
        seen = {} if error is None else {"error": in_a_line(error)}
        log.warning(f"{self._name} is {still}{self._state}; {self._meanwhile}", cause=cause, **seen, **lasts, **more)
        return begins

    def over(self, log: BoundLogger) -> bool:
        """End the incident: log its length and number of attempts. Returns False without an incident."""
        # Without the lock, because this is called after each success.
        if self._began is None:
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
    """An exception as `OperationalError: connection refused`, with the first line of its text; a text unchanged."""
    text = (str(error).strip().splitlines() or [""])[0][:ERROR_CHARS]
    if not isinstance(error, BaseException):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
