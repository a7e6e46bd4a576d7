"""Rollups: orders and revenue by local hour, local day and owner, for the 30-day chart and the leaderboard.

Incremental: the events since the reader's cursor say which hours were touched, and those hours are counted anew from the
orders. A count is never added to, so a run that comes twice, or late, changes nothing. A day is the sum of its hours.

Definitions as on the board: `orders` were placed in the hour and are not cancelled; `paid_orders` were paid in it;
`revenue_minor` is their total minus the refunds made in it. All three belong to the order's present owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ..postgres import session

ROLLUPS_READER = "rollups"
_LOCK = 0x00D0_0BE2  # advisory, a database's own: one run at a time
_ATTEMPTS = 3

# A durable reader in the sense of the architecture that needs no order: it only collects what was touched. So it takes the
# listener's cursor, a snapshot, which an open transaction elsewhere does not hold up.
_CURSOR = """
SELECT pg_current_snapshot()::text AS snapshot, present.system_identifier, present.timeline,
       CASE WHEN (saved.system_identifier, saved.timeline) = (present.system_identifier, present.timeline)
                 AND pg_snapshot_xmax(saved.snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
            THEN saved.snapshot::text END AS since
FROM (SELECT system_identifier, ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline
      FROM pg_control_system()) AS present
LEFT JOIN outbox_readers saved ON saved.name = %(reader)s
"""

_SAVE = """
INSERT INTO outbox_readers (name, snapshot, system_identifier, timeline, drained_at)
VALUES (%(reader)s, %(snapshot)s, %(system_identifier)s, %(timeline)s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET snapshot = excluded.snapshot, system_identifier = excluded.system_identifier,
    timeline = excluded.timeline, drained_at = excluded.drained_at
"""

# Which local hours the events concern: those in which their orders count now, and those in which they counted before,
# which the event of a correction or a deletion remembers. Hours travel as text: PostgreSQL's calendar is longer than
# Python's. Times outside of it (an 'infinity' typed by hand) are in no hour.
_MOMENTS_OF_EVENTS = """
WITH news AS (
    SELECT tenant_id, order_id, old_values FROM order_events
    WHERE xid >= pg_snapshot_xmax(%(since)s::pg_snapshot) AND xid < pg_snapshot_xmax(pg_current_snapshot())
        AND type <> 'shipped'
    UNION ALL
    SELECT tenant_id, order_id, old_values FROM order_events
    WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(%(since)s::pg_snapshot))) AND type <> 'shipped'
),
changed AS (SELECT DISTINCT tenant_id, order_id FROM news),
moments AS (
    SELECT o.tenant_id, unnest(ARRAY[o.placed_at, o.paid_at]) AS moment
    FROM changed c JOIN orders o ON (o.tenant_id, o.id) = (c.tenant_id, c.order_id)
    UNION ALL
    SELECT e.tenant_id, e.occurred_at
    FROM changed c JOIN order_events e ON (e.tenant_id, e.order_id) = (c.tenant_id, c.order_id) AND e.type = 'refunded'
    UNION ALL
    SELECT tenant_id, (old_values ->> key)::timestamptz
    FROM news, unnest(ARRAY['placed_at', 'paid_at']) AS key WHERE old_values ? key
)
"""
_MOMENTS_OF_ALL = """
WITH moments AS (
    SELECT tenant_id, unnest(ARRAY[placed_at, paid_at]) AS moment FROM orders
    UNION ALL
    SELECT tenant_id, occurred_at FROM order_events WHERE type = 'refunded'
)
"""
_HOURS_OF_MOMENTS = """
SELECT DISTINCT m.tenant_id, date_trunc('hour', m.moment AT TIME ZONE t.timezone)::text AS hour
FROM moments m JOIN tenants t ON t.id = m.tenant_id
WHERE m.moment >= '0001-01-02' AND m.moment < '9999-12-31'
"""

# `opens` and `closes` enclose every instant at which the tenant's clock showed this hour. On a day without a change of
# the clock that is exactly the hour; around one it is wider, so date_trunc decides, and the index still serves.
# Grouped within each hour, for a group cannot be turned into one join of all hours with all orders of a tenant.
_COUNT_HOURS = """
WITH touched AS MATERIALIZED (
    SELECT h.tenant_id, h.hour, t.timezone,
           (h.hour AT TIME ZONE 'UTC') - greatest(before.ahead, after.ahead) AS opens,
           (h.hour AT TIME ZONE 'UTC') + interval '1 hour' - least(before.ahead, after.ahead) AS closes
    FROM unnest(%(tenants)s::bigint[], %(hours)s::timestamp[]) AS h (tenant_id, hour)
    JOIN tenants t ON t.id = h.tenant_id
    CROSS JOIN LATERAL (SELECT h.hour AT TIME ZONE t.timezone AS moment) AS m
    CROSS JOIN LATERAL (
        SELECT (m.moment - interval '1 day') AT TIME ZONE t.timezone - (m.moment - interval '1 day') AT TIME ZONE 'UTC'
    ) AS before (ahead)
    CROSS JOIN LATERAL (
        SELECT (m.moment + interval '1 day') AT TIME ZONE t.timezone - (m.moment + interval '1 day') AT TIME ZONE 'UTC'
    ) AS after (ahead)
),
parts AS (
    SELECT h.tenant_id, h.hour, part.*
    FROM touched h
    CROSS JOIN LATERAL (
        SELECT o.owner_id, count(*) AS orders, 0 AS paid_orders, 0 AS revenue_minor FROM orders o
        WHERE o.tenant_id = h.tenant_id AND o.placed_at >= h.opens AND o.placed_at < h.closes
            AND date_trunc('hour', o.placed_at AT TIME ZONE h.timezone) = h.hour AND o.cancelled_at IS NULL
        GROUP BY o.owner_id
        UNION ALL
        SELECT o.owner_id, 0, count(*), sum(o.total_minor) FROM orders o
        WHERE o.tenant_id = h.tenant_id AND o.paid_at >= h.opens AND o.paid_at < h.closes
            AND date_trunc('hour', o.paid_at AT TIME ZONE h.timezone) = h.hour
        GROUP BY o.owner_id
        UNION ALL
        SELECT o.owner_id, 0, 0, -sum(e.amount_minor)
        FROM order_events e JOIN orders o ON (o.tenant_id, o.id) = (e.tenant_id, e.order_id)
        WHERE e.tenant_id = h.tenant_id AND e.type = 'refunded' AND e.occurred_at >= h.opens AND e.occurred_at < h.closes
            AND date_trunc('hour', e.occurred_at AT TIME ZONE h.timezone) = h.hour
        GROUP BY o.owner_id
    ) AS part
),
counted AS (
    SELECT tenant_id, hour, coalesce(owner_id, 0) AS owner_id,
           sum(orders) AS orders, sum(paid_orders) AS paid_orders, sum(revenue_minor) AS revenue_minor
    FROM parts GROUP BY 1, 2, 3
    HAVING (sum(orders), sum(paid_orders), sum(revenue_minor)) <> (0, 0, 0)
),
gone AS (
    DELETE FROM rollups_hourly r USING touched h
    WHERE (r.tenant_id, r.hour) = (h.tenant_id, h.hour) AND NOT EXISTS (
        SELECT FROM counted c WHERE (c.tenant_id, c.hour, c.owner_id) = (r.tenant_id, r.hour, r.owner_id))
    RETURNING r.tenant_id, r.hour
),
kept AS (
    INSERT INTO rollups_hourly AS r (tenant_id, hour, owner_id, orders, paid_orders, revenue_minor)
    SELECT tenant_id, hour, owner_id, orders, paid_orders, revenue_minor FROM counted
    ON CONFLICT (tenant_id, hour, owner_id) DO UPDATE
        SET orders = excluded.orders, paid_orders = excluded.paid_orders, revenue_minor = excluded.revenue_minor
        WHERE (r.orders, r.paid_orders, r.revenue_minor)
            <> (excluded.orders, excluded.paid_orders, excluded.revenue_minor)
    RETURNING r.tenant_id, r.hour
)
SELECT DISTINCT tenant_id, hour::date::text AS day FROM (SELECT * FROM gone UNION ALL SELECT * FROM kept) AS written
"""

_SUM_DAYS = """
WITH touched AS (SELECT * FROM unnest(%(tenants)s::bigint[], %(days)s::date[]) AS d (tenant_id, day)),
summed AS (
    SELECT d.tenant_id, d.day, h.owner_id,
           sum(h.orders) AS orders, sum(h.paid_orders) AS paid_orders, sum(h.revenue_minor) AS revenue_minor
    FROM touched d JOIN rollups_hourly h ON h.tenant_id = d.tenant_id
        AND h.hour >= d.day AND h.hour < d.day + interval '1 day'
    GROUP BY 1, 2, 3
    HAVING (sum(h.orders), sum(h.paid_orders), sum(h.revenue_minor)) <> (0, 0, 0)
),
gone AS (
    DELETE FROM rollups_daily r USING touched d
    WHERE (r.tenant_id, r.day) = (d.tenant_id, d.day) AND NOT EXISTS (
        SELECT FROM summed s WHERE (s.tenant_id, s.day, s.owner_id) = (r.tenant_id, r.day, r.owner_id))
)
INSERT INTO rollups_daily AS r (tenant_id, day, owner_id, orders, paid_orders, revenue_minor)
SELECT tenant_id, day, owner_id, orders, paid_orders, revenue_minor FROM summed
ON CONFLICT (tenant_id, day, owner_id) DO UPDATE
    SET orders = excluded.orders, paid_orders = excluded.paid_orders, revenue_minor = excluded.revenue_minor
    WHERE (r.orders, r.paid_orders, r.revenue_minor) <> (excluded.orders, excluded.paid_orders, excluded.revenue_minor)
"""


def refresh(database_url: str) -> set[int]:
    """Count anew what events touched since the last run; the first run counts everything. Returns the tenants changed.

    Safe when two run at once: the second finds the lock taken and leaves, for the first one's next run sees its events.
    Raises psycopg.Error, with the rollups and the cursor as they were.
    """
    return _run(database_url, everything=False)


def rebuild(database_url: str) -> set[int]:
    """Count everything anew: after a tenant's time zone changed, which no event tells. Returns the tenants changed."""
    return _run(database_url, everything=True)


def _run(database_url: str, *, everything: bool) -> set[int]:
    with session.connect(database_url, "doorbell rollups", autocommit=True) as conn:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with _alone(conn, wait=everything) as alone:
                    return _count(conn, everything=everything) if alone else set()
            except (psycopg.errors.SerializationFailure, psycopg.errors.ForeignKeyViolation):
                # A tenant was deleted, and its rollups with it, between our snapshot and our write.
                if attempt == _ATTEMPTS:
                    raise
    return set()


@contextmanager
def _alone(conn: psycopg.Connection, *, wait: bool) -> Iterator[bool]:
    """Hold the lock, taken before the transaction: its snapshot must see what the last holder committed."""
    if wait:
        conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        alone = True
    else:
        row = conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        alone = bool(row and row[0])
    try:
        yield alone
    finally:
        if alone and not conn.broken:
            conn.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _count(conn: psycopg.Connection, *, everything: bool) -> set[int]:
    """One transaction on one snapshot: the events read, the orders counted and the cursor left behind are of one moment."""
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with conn.transaction(), conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SET LOCAL jit = off; SET LOCAL statement_timeout = '10min'"
        )  # compiling costs more than it saves
        present = cursor.execute(_CURSOR, {"reader": ROLLUPS_READER}).fetchall()[0]
        everything = everything or present["since"] is None
        cleared = _clear(cursor) if everything else set()
        moments = _MOMENTS_OF_ALL if everything else _MOMENTS_OF_EVENTS
        touched = cursor.execute(moments + _HOURS_OF_MOMENTS, {"since": present["since"]}).fetchall()
        days = _write(cursor, _COUNT_HOURS, "hour", touched)
        _write(cursor, _SUM_DAYS, "day", days)
        if everything or touched:
            cursor.execute(_SAVE, {"reader": ROLLUPS_READER, **present})
        return cleared | {row["tenant_id"] for row in days}


def _clear(cursor: psycopg.Cursor[dict[str, Any]]) -> set[int]:
    cursor.execute("DELETE FROM rollups_hourly")
    return {row["tenant_id"] for row in cursor.execute("DELETE FROM rollups_daily RETURNING tenant_id")}


def _write(cursor: psycopg.Cursor[dict[str, Any]], statement: str, unit: str, rows: list[dict[str, Any]]) -> Any:
    """Run one of the two writing statements over `rows` of a tenant and an hour or day; returns the rows it answers."""
    if not rows:
        return []
    times = [row[unit] for row in rows]
    cursor.execute(statement, {"tenants": [row["tenant_id"] for row in rows], f"{unit}s": times})
    return cursor.fetchall() if cursor.description else []
