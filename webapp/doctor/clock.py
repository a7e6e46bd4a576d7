"""The clocks of this host, PostgreSQL and Redis agree: a heartbeat's age and a signal's seq are taken from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

from .finding import Finding, fault, lasting, ok, warn
from .system import System, rows

WARN_SECONDS, FAULT_SECONDS = 2.0, 30.0


def look(system: System) -> Iterator[Finding]:
    if "postgresql" not in system.away:
        with system.postgresql() as conn:
            statement = "SELECT extract(epoch FROM clock_timestamp())::float8 AS now"
            yield _compare("PostgreSQL", lambda: float(rows(conn, statement)[0]["now"]))
    if "redis" not in system.away:
        with system.redis() as client:
            client.ping()  # connect before the time is taken
            yield _compare("Redis", lambda: _epoch(cast(Any, client.time())))
    for reason in system.away.values():
        yield warn(f"not compared: {reason}", "")


def _epoch(answer: tuple[int, int]) -> float:
    return answer[0] + answer[1] / 1e6


def _compare(name: str, ask: Callable[[], float]) -> Finding:
    """The answer was given at some moment of the round trip: only what lies outside of it is a difference."""
    before = time.time()
    theirs = ask()
    after = time.time()
    ahead = theirs - after if theirs > after else min(0.0, theirs - before)
    if abs(ahead) < WARN_SECONDS:
        return ok(f"{name} agrees within {lasting(abs(ahead) + after - before)}")
    seen = f"{name}'s clock is {lasting(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} this host's"
    advice = "Let both hosts keep time by NTP (timedatectl, chronyc tracking)."
    return fault(seen, advice) if abs(ahead) >= FAULT_SECONDS else warn(seen, advice)
