"""What beat sends, and how often. Names only, so that beat and the sender at a worker's start load no task."""

from __future__ import annotations

from typing import Any

CATCH_UP = "tasks.catch_up.catch_up"
REFRESH_ROLLUPS = "tasks.rollups.refresh"
MAKE_PARTITIONS = "tasks.partitions.make"
DROP_PARTITIONS = "tasks.partitions.drop"
REMOVE_SESSIONS = "tasks.sessions.remove"

# Seconds. Rollups: how old the 30-day chart may be. Catch-up: how late a board without a listener is. Partitions are
# made months ahead, but beat keeps no memory over restarts, so a rare tick might never come: hourly costs one query.
# An old month that was locked or unread is tried again at the next tick. Ended sessions are a few rows of 31 days each.
EVERY = {
    REFRESH_ROLLUPS: 30.0,
    CATCH_UP: 60.0,
    MAKE_PARTITIONS: 3600.0,
    DROP_PARTITIONS: 3600.0,
    REMOVE_SESSIONS: 3600.0,
}


def _entry(name: str, seconds: float) -> dict[str, Any]:
    # A tick is void when the next one is due: a worker that was away finds one of each, not a backlog.
    return {"task": name, "schedule": seconds, "options": {"expires": seconds}}


SCHEDULE = {name: _entry(name, seconds) for name, seconds in EVERY.items()}
