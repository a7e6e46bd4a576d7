"""Checks of the readers' cursors: saved, valid in this cluster, and without old unread events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..outbox import cursor as cursors
from ..rollups import refresh
from .finding import Finding, duration, fault, ok
from .system import Row, System

# The highest number of unread events that is counted.
COUNT_LIMIT = 1000
# Time before a second count: an old event may have been committed just now.
RECHECK_SECONDS = 2.0

_CURSOR = """
SELECT r.snapshot::text AS snapshot, r.timeline,
       extract(epoch FROM clock_timestamp() - r.drained_at)::float8 AS seconds,
       r.system_identifier = present.system_identifier AS same_cluster,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS present_timeline,
       pg_snapshot_xmax(r.snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS ahead,
       pg_current_snapshot()::text AS present
FROM outbox_readers r, pg_control_system() AS present WHERE r.name = %(reader)s
"""

# The two index scans of the drain, each with a limit. Events of a type or tenant that the reader ignores do not advance its
# cursor, so they are left out.
_UNREAD = """
SELECT count(*) AS events, extract(epoch FROM clock_timestamp() - min(recorded_at))::float8 AS seconds
FROM (
    (SELECT e.recorded_at FROM order_events e
     WHERE e.xid >= pg_snapshot_xmax(%(since)s::pg_snapshot) AND e.xid < pg_snapshot_xmax(pg_current_snapshot())
        AND e.recorded_at < clock_timestamp() - make_interval(secs => %(seconds)s) AND e.type <> %(unread_type)s
        AND (%(all_tenants)s OR EXISTS (SELECT FROM tenants t WHERE t.id = e.tenant_id))
     LIMIT %(limit)s)
    UNION ALL
    (SELECT e.recorded_at FROM order_events e
     WHERE e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(%(since)s::pg_snapshot)))
        AND e.recorded_at < clock_timestamp() - make_interval(secs => %(seconds)s) AND e.type <> %(unread_type)s
        AND (%(all_tenants)s OR EXISTS (SELECT FROM tenants t WHERE t.id = e.tenant_id))
     LIMIT %(limit)s)
) AS unread
"""


@dataclass(frozen=True)
class _Reader:
    name: str
    # The allowed age of an unread event.
    grace_seconds: float
    start: str
    # A type of event that the reader ignores.
    unread_type: str = ""
    all_tenants: bool = True


_LISTENER = _Reader(cursors.LISTENER_READER, 10.0, "Start listener_worker.py, or see its log.")
_ROLLUPS = _Reader(
    refresh.ROLLUPS_READER,
    300.0,
    "Start Celery's worker and beat, or see the worker's log for tasks.rollups.refresh.",
    "shipped",
    all_tenants=False,
)


def check_listener(system: System) -> Iterator[Finding]:
    yield from _check(system, _LISTENER)


def check_rollups(system: System) -> Iterator[Finding]:
    yield from _check(system, _ROLLUPS)


def _check(system: System, reader: _Reader) -> Iterator[Finding]:
    row = _cursor(system, reader)
    if row is None:
        yield fault(f"{reader.name} has no saved cursor: it has never read", reader.start)
        return
    invalid = _invalid(row)
    if invalid:
        yield fault(
            f"the cursor of {reader.name} {invalid}",
            f"Restart it: it then begins with a new cursor, and every page refetches. {reader.start}",
        )
        return
    unread = _unread(system, reader, row)
    if unread["events"]:
        time.sleep(RECHECK_SECONDS)
        unread = _unread(system, reader, _cursor(system, reader) or row)
    if unread["events"]:
        count = f"more than {COUNT_LIMIT:,}" if unread["events"] > COUNT_LIMIT else unread["events"]
        yield fault(
            f"unread by {reader.name} and older than {duration(reader.grace_seconds)}: {count} "
            f"event{'' if count == 1 else 's'}, the oldest {duration(unread['seconds'])} old",
            reader.start,
        )
    yield ok(f"{reader.name} has read up to {row['snapshot']}; its last event was {duration(row['seconds'])} ago")


def _cursor(system: System, reader: _Reader) -> Row | None:
    rows = system.rows(_CURSOR, {"reader": reader.name})
    return rows[0] if rows else None


def _invalid(row: Row) -> str:
    if not row["same_cluster"]:
        return "is from another cluster (another system identifier)"
    if row["timeline"] != row["present_timeline"]:
        return f"is from timeline {row['timeline']}, and this is timeline {row['present_timeline']} (a failover)"
    if row["ahead"]:
        return f"is ahead of the present: {row['snapshot']}, and the present is {row['present']} (a restore)"
    return ""


def _unread(system: System, reader: _Reader, row: Row) -> Row:
    values = {
        "since": row["snapshot"],
        "seconds": reader.grace_seconds,
        "unread_type": reader.unread_type,
        "all_tenants": reader.all_tenants,
        "limit": COUNT_LIMIT + 1,
    }
    return system.rows(_UNREAD, values)[0]
