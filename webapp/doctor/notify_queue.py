"""PostgreSQL's queue of notifications: when it is full, every order fails at its commit."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, fault, lasting, ok, warn
from .system import Row, System

WARN_FROM, FAULT_FROM = 0.1, 0.5  # parts of the whole

_LONGEST = """
SELECT pid, application_name, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND xact_start IS NOT NULL
ORDER BY xact_start LIMIT 3
"""


def look(system: System) -> Iterator[Finding]:
    (row,) = system.rows("SELECT pg_notification_queue_usage() AS used")
    used = float(row["used"])
    seen = f"{used:.0%} used"
    if used < WARN_FROM:
        yield ok(seen)
        return
    sessions = system.rows(_LONGEST)
    advice = "A session that LISTENs and sits in a transaction holds it up; when it is full, every order fails. " + (
        f"End the oldest: SELECT pg_terminate_backend({sessions[0]['pid']});"
        if sessions
        else "Look for it in pg_stat_activity."
    )
    if sessions:
        seen += f"; longest idle in a transaction: {', '.join(map(_words, sessions))}"
    yield fault(seen, advice) if used >= FAULT_FROM else warn(seen, advice)


def _words(session: Row) -> str:
    return f"{session['pid']} {session['application_name']!r} {lasting(session['seconds'])}"
