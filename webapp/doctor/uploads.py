"""Check of the jobs of uploaded files: none waits for long."""

from __future__ import annotations

from collections.abc import Iterator

from ..uploads.jobs import waiting_seconds
from .finding import Finding, duration, fault, ok
from .system import System

# Jobs of one tenant wait for one another, so a job may wait for a long import.
MAX_WAIT_SECONDS = 120.0


def check(system: System) -> Iterator[Finding]:
    with system.postgresql() as conn:
        waits = waiting_seconds(conn)
    if waits > MAX_WAIT_SECONDS:
        yield fault(
            f"an import has waited for {duration(waits)}",
            "Start the worker of the queue doorbell, and beat (Procfile, lines worker and beat); see their logs.",
        )
    else:
        yield ok("no import waits" if not waits else f"an import has waited for {duration(waits)}")
