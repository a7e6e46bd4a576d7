"""Check of PostgreSQL's notification queue: when it is full, every order fails at its commit."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, duration, fault, ok, warn
from .system import Row, System

# Used shares of the queue.
WARN_FROM, FAULT_FROM = 0.1, 0.5

_LONGEST = """
SELECT pid, application_name, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND xact_start IS NOT NULL
ORDER BY xact_start LIMIT 3
"""


def check(system: System) -> Iterator[Finding]:
    (row,) = system.rows("SELECT pg_notification_queue_usage() AS used")
    used = float(row["used"])
    seen = f"{used:.0%} used"
    if used < WARN_FROM:
        yield ok(seen)
        return
    sessions = system.rows(_LONGEST)
    advice = (
        "A session that LISTENs blocks the queue while it is in a transaction; when the queue is full, every order fails. "
        + (
            f"End the oldest: SELECT pg_terminate_backend({sessions[0]['pid']});"
            if sessions
            else "Find it in pg_stat_activity."
        )
    )
    if sessions:
        seen += f"; longest idle in transaction: {', '.join(map(_text, sessions))}"
    yield fault(seen, advice) if used >= FAULT_FROM else warn(seen, advice)


def _text(session: Row) -> str:
    return f"{session['pid']} {session['application_name']!r} {duration(session['seconds'])}"
