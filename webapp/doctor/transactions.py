"""Check for transactions left open: they hold back snapshots, and with them vacuum and the retention of events."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, duration, ok, warn
from .system import System

OLD_SECONDS = 300.0
SHOWN = 3

_PREPARED = """
SELECT gid, database, extract(epoch FROM clock_timestamp() - prepared)::float8 AS seconds
FROM pg_prepared_xacts ORDER BY prepared
"""
# An autovacuum worker's snapshot does not hold back others.
_OPEN = """
SELECT pid, application_name, datname, state, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds
FROM pg_stat_activity
WHERE xact_start < clock_timestamp() - make_interval(secs => %(old)s) AND pid <> pg_backend_pid()
    AND (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL) AND backend_type <> 'autovacuum worker'
ORDER BY xact_start
"""


def check(system: System) -> Iterator[Finding]:
    prepared = system.rows(_PREPARED)
    for row in prepared[:SHOWN]:
        yield warn(
            f"prepared transaction {row['gid']!r} in {row['database']} for {duration(row['seconds'])}",
            f"COMMIT PREPARED '{row['gid']}'; or ROLLBACK PREPARED, in its database.",
        )
    old = system.rows(_OPEN, {"old": OLD_SECONDS})
    for row in old[:SHOWN]:
        yield warn(
            f"session {row['pid']} {row['application_name']!r} in {row['datname']} has been in a transaction for "
            f"{duration(row['seconds'])} ({row['state']})",
            f"Wait for its end, or run SELECT pg_terminate_backend({row['pid']});",
        )
    more = max(0, len(prepared) - SHOWN) + max(0, len(old) - SHOWN)
    if more:
        yield warn(f"{more} more", "")
    yield ok(f"none older than {duration(OLD_SECONDS)}, none prepared")
