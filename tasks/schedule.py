"""The tasks that beat sends, with their intervals. Names only, so that beat and the worker's start-up import no task."""

from __future__ import annotations

from typing import Any

CATCH_UP = "tasks.catch_up.catch_up"
REFRESH_ROLLUPS = "tasks.rollups.refresh"
MAKE_PARTITIONS = "tasks.partitions.make"
DROP_PARTITIONS = "tasks.partitions.drop"
REMOVE_SESSIONS = "tasks.sessions.remove"

# Intervals in seconds. Rollups: the maximal age of the 30-day chart. Catch-up: the maximal delay of a board without a
# listener. Partitions are created months ahead, but beat forgets its schedule at a restart, so a rare tick might never
# come; hourly costs one query. A month that was locked or unread is tried again at the next tick. Expired sessions are few.
EVERY = {
    REFRESH_ROLLUPS: 30.0,
    CATCH_UP: 60.0,
    MAKE_PARTITIONS: 3600.0,
    DROP_PARTITIONS: 3600.0,
    REMOVE_SESSIONS: 3600.0,
}


def _entry(name: str, seconds: float) -> dict[str, Any]:
    # A tick expires when the next one is due, so a worker that was stopped finds one of each, not a backlog.
    return {"task": name, "schedule": seconds, "options": {"expires": seconds}}


SCHEDULE = {name: _entry(name, seconds) for name, seconds in EVERY.items()}
