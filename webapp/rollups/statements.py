"""The SQL statements of a refresh of the rollups."""

from __future__ import annotations

from ..outbox import unread
from ..outbox.unread import EventFilter
from .tables import RollupTable, counted

# Shipments, comments and the events of deleted tenants touch no hour. Such events alone do not move the cursor.
EVENTS = EventFilter(ignored_types=("shipped", "shipment_corrected", "commented"), of_existing_tenants=True)


# The local hours that the unread events touch: where their orders count now, and where they counted before, which is in the
# old values of an edit, a corrected payment or a deletion. Hours are passed as text, because PostgreSQL's calendar is longer
# than Python's. Times outside of Python's calendar, such as 'infinity', are in no hour.
def _times(events: EventFilter, line_changes: str, limit: str = "") -> str:
    """`line_changes` selects the changed lines. `limit` bounds the events that are read."""
    return f"""
WITH unread AS (SELECT * FROM ({unread.since("e.tenant_id, e.order_id, e.old_values", events)}) AS found {limit}),
changed AS (SELECT DISTINCT tenant_id, order_id FROM unread),
moments AS (
    SELECT o.tenant_id, unnest(ARRAY[o.placed_at, o.paid_at]) AS moment
    FROM changed c JOIN orders o ON (o.tenant_id, o.id) = (c.tenant_id, c.order_id)
    UNION ALL
    SELECT e.tenant_id, e.occurred_at
    FROM changed c JOIN order_events e ON (e.tenant_id, e.order_id) = (c.tenant_id, c.order_id) AND e.type = 'refunded'
    UNION ALL
    SELECT tenant_id, (old_values ->> key)::timestamptz
    FROM unread, unnest(ARRAY['placed_at', 'paid_at']) AS key WHERE old_values ? key
    UNION ALL
    SELECT o.tenant_id, unnest(ARRAY[o.placed_at, o.paid_at])
    FROM ({line_changes}) AS c JOIN orders o ON (o.tenant_id, o.id) = (c.tenant_id, c.order_id)
)
"""  # noqa: S608 - only our constants


# A tenant with an open rebuild is left as it is: hours of two zones would count orders twice, and the rebuild counts all.
WITHOUT_REBUILD = " AND NOT EXISTS (SELECT FROM rollup_rebuilds b WHERE b.tenant_id = t.id AND b.finished_at IS NULL)"


TIMES_OF_UNREAD_EVENTS = _times(EVENTS, "SELECT * FROM rollups_line_changes")
TIMES_OF_ALL_ORDERS = """
WITH moments AS (
    SELECT tenant_id, unnest(ARRAY[placed_at, paid_at]) AS moment FROM orders
    UNION ALL
    SELECT tenant_id, occurred_at FROM order_events WHERE type = 'refunded'
    UNION ALL
    SELECT tenant_id, at FROM rollups_removed
)
"""
TIMES_OF_TENANT = """
WITH moments AS (
    SELECT tenant_id, unnest(ARRAY[placed_at, paid_at]) AS moment FROM orders WHERE tenant_id = %(tenant)s
    UNION ALL
    SELECT tenant_id, occurred_at FROM order_events WHERE tenant_id = %(tenant)s AND type = 'refunded'
    UNION ALL
    SELECT tenant_id, at FROM rollups_removed WHERE tenant_id = %(tenant)s
)
"""
HOURS_OF_TIMES = """
SELECT DISTINCT m.tenant_id, date_trunc('hour', m.moment AT TIME ZONE t.timezone)::text AS hour
FROM moments m JOIN tenants t ON t.id = m.tenant_id
WHERE m.moment >= '0001-01-02' AND m.moment < '9999-12-31'
"""

# Of one tenant, for a page: at most `most` hours of at most `most_events` events, each row with the number of events.
UNREAD_HOURS_OF_TENANT = f"""
{
    _times(
        EventFilter(tenant_ids=(0,), ignored_types=EVENTS.ignored_types),
        "SELECT * FROM rollups_line_changes WHERE tenant_id = %(tenant)s LIMIT %(most_events)s",
        "LIMIT %(most_events)s",
    )
}
SELECT hours.hour::timestamp AS hour, (SELECT count(*) FROM unread) AS events
FROM ({HOURS_OF_TIMES}) AS hours ORDER BY hour LIMIT %(most)s
"""  # noqa: S608 - only our constants

# Rows of rollups_line_changes are handled when they are read, in the same transaction.
FORGET_LINE_CHANGES = "DELETE FROM rollups_line_changes"


def write_hours(table: RollupTable) -> str:
    """Counts hours of the table again, and returns the days that changed. Parameters: `tenants` and `hours`."""
    columns = table.columns()
    hours = "SELECT *, 'infinity'::timestamptz FROM unnest(%(tenants)s::bigint[], %(hours)s::timestamp[])"
    return f"""
WITH {counted(table, hours)},
gone AS (
    DELETE FROM {table.hourly} r USING touched h
    WHERE (r.tenant_id, r.hour) = (h.tenant_id, h.hour) AND NOT EXISTS (
        SELECT FROM counted c WHERE (c.tenant_id, c.hour, c.{table.key}) = (r.tenant_id, r.hour, r.{table.key}))
    RETURNING r.tenant_id, r.hour
),
kept AS (
    INSERT INTO {table.hourly} AS r (tenant_id, hour, {table.key}, {columns})
    SELECT tenant_id, hour, {table.key}, {columns} FROM counted
    ON CONFLICT (tenant_id, hour, {table.key}) DO UPDATE SET {table.columns("{0} = excluded.{0}")}
        WHERE ({table.columns("r.{}")}) <> ({table.columns("excluded.{}")})
    RETURNING r.tenant_id, r.hour
)
SELECT DISTINCT tenant_id, hour::date::text AS day FROM (SELECT * FROM gone UNION ALL SELECT * FROM kept) AS written
"""  # noqa: S608 - only our constants


def write_days(table: RollupTable) -> str:
    """Sums the hours of days. Parameters: `tenants` and `days`."""
    columns, zeros = table.columns(), ", ".join("0" for _ in table.figures)
    return f"""
WITH touched AS (SELECT * FROM unnest(%(tenants)s::bigint[], %(days)s::date[]) AS d (tenant_id, day)),
summed AS (
    SELECT d.tenant_id, d.day, h.{table.key}, {table.columns("sum(h.{0}) AS {0}")}
    FROM touched d JOIN {table.hourly} h ON h.tenant_id = d.tenant_id
        AND h.hour >= d.day AND h.hour < d.day + interval '1 day'
    GROUP BY 1, 2, 3
    HAVING ({table.columns("sum(h.{})")}) <> ({zeros})
),
gone AS (
    DELETE FROM {table.daily} r USING touched d
    WHERE (r.tenant_id, r.day) = (d.tenant_id, d.day) AND NOT EXISTS (
        SELECT FROM summed s WHERE (s.tenant_id, s.day, s.{table.key}) = (r.tenant_id, r.day, r.{table.key}))
)
INSERT INTO {table.daily} AS r (tenant_id, day, {table.key}, {columns})
SELECT tenant_id, day, {table.key}, {columns} FROM summed
ON CONFLICT (tenant_id, day, {table.key}) DO UPDATE SET {table.columns("{0} = excluded.{0}")}
    WHERE ({table.columns("r.{}")}) <> ({table.columns("excluded.{}")})
"""  # noqa: S608 - only our constants
