"""The readers' cursors: saved, of this cluster's past, and with nothing old before them that they have not read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..outbox import cursor as cursors
from ..rollups import refresh
from .finding import Finding, fault, lasting, ok
from .system import Row, System

COUNT_LIMIT = 1000  # unread events are counted up to here
LOOK_AGAIN_SECONDS = 2.0  # an old event may have been committed just now

_CURSOR = """
SELECT r.snapshot::text AS snapshot, r.timeline,
       extract(epoch FROM clock_timestamp() - r.drained_at)::float8 AS seconds,
       r.system_identifier = present.system_identifier AS same_cluster,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS present_timeline,
       pg_snapshot_xmax(r.snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS ahead,
       pg_current_snapshot()::text AS present
FROM outbox_readers r, pg_control_system() AS present WHERE r.name = %(reader)s
"""

# The two index scans of the drain, each cut short. Of the events of a type or a tenant that do not concern the reader it
# saves no cursor, so they are left out.
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
    grace_seconds: float  # how old an unread event may be
    start: str
    unread_type: str = ""  # a type of event that it leaves alone
    all_tenants: bool = True


_LISTENER = _Reader(cursors.LISTENER_READER, 10.0, "Start listener_worker.py, or see its log.")
_ROLLUPS = _Reader(
    refresh.ROLLUPS_READER,
    300.0,
    "Start Celery's worker and beat, or see the worker's log for tasks.rollups.refresh.",
    "shipped",
    all_tenants=False,
)


def look_at_the_listeners(system: System) -> Iterator[Finding]:
    yield from _look(system, _LISTENER)


def look_at_the_rollups(system: System) -> Iterator[Finding]:
    yield from _look(system, _ROLLUPS)


def _look(system: System, reader: _Reader) -> Iterator[Finding]:
    row = _cursor(system, reader)
    if row is None:
        yield fault(f"{reader.name} has saved no cursor: it has never read", reader.start)
        return
    displaced = _displaced(row)
    if displaced:
        yield fault(
            f"the cursor of {reader.name} {displaced}",
            f"It begins anew at its next start, and every page refetches: restart it. {reader.start}",
        )
        return
    unread = _unread(system, reader, row)
    if unread["events"]:
        time.sleep(LOOK_AGAIN_SECONDS)
        unread = _unread(system, reader, _cursor(system, reader) or row)
    if unread["events"]:
        count = f"more than {COUNT_LIMIT:,}" if unread["events"] > COUNT_LIMIT else unread["events"]
        yield fault(
            f"unread by {reader.name} and older than {lasting(reader.grace_seconds)}: {count} "
            f"event{'' if count == 1 else 's'}, the oldest for {lasting(unread['seconds'])}",
            reader.start,
        )
    yield ok(f"{reader.name} has read up to {row['snapshot']}; it found its last news {lasting(row['seconds'])} ago")


def _cursor(system: System, reader: _Reader) -> Row | None:
    rows = system.rows(_CURSOR, {"reader": reader.name})
    return rows[0] if rows else None


def _displaced(row: Row) -> str:
    if not row["same_cluster"]:
        return "is of another cluster (another system identifier)"
    if row["timeline"] != row["present_timeline"]:
        return f"is of timeline {row['timeline']}, and this is timeline {row['present_timeline']} (a failover)"
    if row["ahead"]:
        return f"is ahead of the present: {row['snapshot']} against {row['present']} (a restore)"
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
