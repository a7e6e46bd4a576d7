"""Check of the destinations: late, failing, disabled, and with dead letters."""

from __future__ import annotations

from collections.abc import Iterator

from ..relay import dead_letters, destinations
from ..relay.destinations import ACTIVE, DISABLED, Destination
from ..relay.late import late
from .finding import Finding, duration, fault, ok, warn
from .system import System


def check(system: System) -> Iterator[Finding]:
    with system.postgresql() as conn:
        found = destinations.every(conn)
        waits = {seen.destination.id: seen.oldest_seconds for seen in late(conn)}
        dead = dead_letters.counts(conn)
    for destination in found:
        yield from _check(destination, waits.get(destination.id), dead.get(destination.id, 0))
    active = sum(destination.state == ACTIVE for destination in found)
    yield ok(f"{active} of {len(found)} destinations are active" if found else "there are no destinations")


def _check(destination: Destination, oldest_seconds: float | None, dead: int) -> Iterator[Finding]:
    name = destination.name
    if oldest_seconds is not None:
        because = f": {destination.last_error}" if destination.failing_since else ""
        yield fault(
            f"{name} has not got events for {duration(oldest_seconds)}{because}",
            f"Run flask relay test {name}; see the log of the relay worker (Procfile, line relay).",
        )
    elif destination.failing_since is not None:
        yield warn(f"{name} fails: {destination.last_error}", f"Run flask relay test {name}.")
    if destination.state == DISABLED:
        yield warn(f"{name} is disabled: {destination.state_reason}", f"flask relay resume {name}")
    if dead:
        yield warn(
            f"{name} has {dead} dead letter{'' if dead == 1 else 's'}; later events of their orders wait",
            f"flask relay dead {name} shows the reasons; then retry or skip.",
        )
