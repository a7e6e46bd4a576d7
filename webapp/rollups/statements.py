"""The SQL statements of a refresh of the rollups."""

from ..outbox import unread
from ..outbox.unread import EventFilter

# Shipments, comments and the events of deleted tenants touch no hour. Such events alone do not move the cursor.
EVENTS = EventFilter(ignored_types=("shipped", "shipment_corrected", "commented"), of_existing_tenants=True)

# The local hours that the unread events touch: where their orders count now, and where they counted before, which is in the
# old values of an edit, a corrected payment or a deletion. Hours are passed as text, because PostgreSQL's calendar is longer
# than Python's. Times outside of Python's calendar, such as 'infinity', are in no hour.
TIMES_OF_UNREAD_EVENTS = f"""
WITH unread AS ({unread.since("tenant_id, order_id, old_values", EVENTS)}),
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
)
"""  # noqa: S608 - only our constants
# A tenant with an open rebuild is left as it is: hours of two zones would count orders twice, and the rebuild counts all.
WITHOUT_REBUILD = " AND NOT EXISTS (SELECT FROM rollup_rebuilds b WHERE b.tenant_id = t.id AND b.finished_at IS NULL)"
TIMES_OF_ALL_ORDERS = """
WITH moments AS (
    SELECT tenant_id, unnest(ARRAY[placed_at, paid_at]) AS moment FROM orders
    UNION ALL
    SELECT tenant_id, occurred_at FROM order_events WHERE type = 'refunded'
)
"""
TIMES_OF_TENANT = """
WITH moments AS (
    SELECT tenant_id, unnest(ARRAY[placed_at, paid_at]) AS moment FROM orders WHERE tenant_id = %(tenant)s
    UNION ALL
    SELECT tenant_id, occurred_at FROM order_events WHERE tenant_id = %(tenant)s AND type = 'refunded'
)
"""
HOURS_OF_TIMES = """
SELECT DISTINCT m.tenant_id, date_trunc('hour', m.moment AT TIME ZONE t.timezone)::text AS hour
FROM moments m JOIN tenants t ON t.id = m.tenant_id
WHERE m.moment >= '0001-01-02' AND m.moment < '9999-12-31'
"""

# `opens` and `closes` enclose each instant at which the tenant's clock shows the hour. Without a clock change that is exactly
# the hour. Near a change it is wider, so date_trunc decides, and the index is still used.
# Grouped per hour, because PostgreSQL cannot turn a group into one join of all hours with all orders of a tenant.
WRITE_HOURS = """
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
            AND date_trunc('hour', o.placed_at AT TIME ZONE h.timezone) = h.hour AND o.status NOT IN ('cancelled', 'refunded')
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

WRITE_DAYS = """
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
