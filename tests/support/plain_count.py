"""The rollups as a plain count over the orders would have them."""

from __future__ import annotations

import psycopg

# The definitions, written down a second time and as simply as they go: one row an owner, hour and kind of thing.
PLAIN = """
WITH counted AS (
    SELECT o.tenant_id, o.placed_at AS at, o.owner_id, 1 AS orders, 0 AS paid, 0 AS revenue, 0 AS refunded
    FROM orders o WHERE o.cancelled_at IS NULL AND NOT (o.refunded_minor > 0 AND o.refunded_minor = o.total_minor)
    UNION ALL
    SELECT o.tenant_id, o.paid_at, o.owner_id, 0, 1, o.total_minor, 0 FROM orders o WHERE o.paid_at IS NOT NULL
    UNION ALL
    SELECT o.tenant_id, e.occurred_at, o.owner_id, 0, 0, -e.amount_minor, e.amount_minor
    FROM order_events e JOIN orders o ON o.id = e.order_id WHERE e.type = 'refunded'
)
SELECT c.tenant_id, date_trunc('{unit}', c.at AT TIME ZONE t.timezone), coalesce(c.owner_id, 0),
       sum(orders)::bigint, sum(paid)::bigint, sum(revenue)::bigint, sum(refunded)::bigint
FROM counted c JOIN tenants t ON t.id = c.tenant_id
GROUP BY 1, 2, 3 HAVING sum(orders) <> 0 OR sum(paid) <> 0 OR sum(revenue) <> 0 ORDER BY 1, 2, 3
"""
FIGURES = "owner_id, orders, paid_orders, revenue_minor, refunded_minor"
HOURLY = f"SELECT tenant_id, hour, {FIGURES} FROM rollups_hourly ORDER BY 1, 2, 3"
DAILY = f"SELECT tenant_id, day::timestamp, {FIGURES} FROM rollups_daily ORDER BY 1, 2, 3"

# One row per line of an order, placed and paid.
PLAIN_PRODUCTS = """
WITH counted AS (
    SELECT DISTINCT o.tenant_id, o.placed_at AS at, l.product, o.id AS placed, 0 AS position, 0 AS paid
    FROM orders o JOIN order_lines l ON l.order_id = o.id
    WHERE o.cancelled_at IS NULL AND NOT (o.refunded_minor > 0 AND o.refunded_minor = o.total_minor)
    UNION ALL
    SELECT o.tenant_id, o.paid_at, l.product, NULL, l.position, l.total_minor
    FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.paid_at IS NOT NULL
)
SELECT c.tenant_id, date_trunc('{unit}', c.at AT TIME ZONE t.timezone), product,
       count(placed), sum(paid)::bigint
FROM counted c JOIN tenants t ON t.id = c.tenant_id
GROUP BY 1, 2, 3 HAVING count(placed) <> 0 OR sum(paid) <> 0 ORDER BY 1, 2, 3
"""
HOURLY_PRODUCTS = """
SELECT tenant_id, hour, product, orders, paid_minor FROM rollups_products_hourly ORDER BY 1, 2, 3
"""
DAILY_PRODUCTS = """
SELECT tenant_id, day::timestamp, product, orders, paid_minor FROM rollups_products_daily ORDER BY 1, 2, 3
"""


def assert_they_equal_a_plain_count(conn: psycopg.Connection) -> None:
    assert conn.execute(HOURLY).fetchall() == conn.execute(PLAIN.format(unit="hour")).fetchall()
    assert conn.execute(DAILY).fetchall() == conn.execute(PLAIN.format(unit="day")).fetchall()
    assert conn.execute(HOURLY_PRODUCTS).fetchall() == conn.execute(PLAIN_PRODUCTS.format(unit="hour")).fetchall()
    assert conn.execute(DAILY_PRODUCTS).fetchall() == conn.execute(PLAIN_PRODUCTS.format(unit="day")).fetchall()
