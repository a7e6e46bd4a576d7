"""Check that the clocks of this host, PostgreSQL and Redis agree: heartbeats and the seq of signals depend on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

from .finding import Finding, duration, fault, ok, warn
from .system import System, rows

WARN_SECONDS, FAULT_SECONDS = 2.0, 30.0


def check(system: System) -> Iterator[Finding]:
    if "postgresql" not in system.away:
        with system.postgresql() as conn:
            statement = "SELECT extract(epoch FROM clock_timestamp())::float8 AS now"
            yield _compare("PostgreSQL", lambda: float(rows(conn, statement)[0]["now"]))
    if "redis" not in system.away:
        with system.redis() as client:
            # Connect before the time is measured.
            client.ping()
            yield _compare("Redis", lambda: _epoch(cast(Any, client.time())))
    for reason in system.away.values():
        yield warn(f"not compared: {reason}", "")


def _epoch(reply: tuple[int, int]) -> float:
    return reply[0] + reply[1] / 1e6


def _compare(name: str, read: Callable[[], float]) -> Finding:
    """Compare a server's time with ours. Only a time outside the round trip is a difference."""
    before = time.time()
    theirs = read()
    after = time.time()
    ahead = theirs - after if theirs > after else min(0.0, theirs - before)
    if abs(ahead) < WARN_SECONDS:
        return ok(f"{name} agrees within {duration(abs(ahead) + after - before)}")
    seen = f"{name}'s clock is {duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} this host's"
    advice = "Synchronize both hosts by NTP (timedatectl, chronyc tracking)."
    return fault(seen, advice) if abs(ahead) >= FAULT_SECONDS else warn(seen, advice)
