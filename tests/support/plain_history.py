"""A history as a plain sum over the orders: one instant after the other, without rollups."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from webapp.history.periods import DateWindow
from webapp.models import Tenant
from webapp.queries.day import instant, midnight

# One row per thing that counts: an order placed, paid or refunded.
OWNERS = """
SELECT coalesce(owner_id, 0), sum(orders)::int, sum(paid)::int, sum(revenue)::bigint, sum(refunded)::bigint
FROM (
    SELECT o.placed_at AS at, o.owner_id, 1 AS orders, 0 AS paid, 0 AS revenue, 0 AS refunded FROM orders o
    WHERE o.tenant_id = %(tenant)s AND o.cancelled_at IS NULL
        AND NOT (o.refunded_minor > 0 AND o.refunded_minor = o.total_minor)
    UNION ALL
    SELECT paid_at, owner_id, 0, 1, total_minor, 0 FROM orders WHERE tenant_id = %(tenant)s
    UNION ALL
    SELECT e.occurred_at, o.owner_id, 0, 0, -e.amount_minor, e.amount_minor
    FROM order_events e JOIN orders o ON o.id = e.order_id WHERE o.tenant_id = %(tenant)s AND e.type = 'refunded'
) AS things
WHERE at >= %(start)s AND at < %(end)s GROUP BY 1
"""
PRODUCTS = """
SELECT product, sum(orders)::int, sum(paid)::bigint
FROM (
    SELECT DISTINCT o.placed_at AS at, l.product, o.id, 0 AS position, 1 AS orders, 0 AS paid
    FROM orders o JOIN order_lines l ON l.order_id = o.id
    WHERE o.tenant_id = %(tenant)s AND o.cancelled_at IS NULL
        AND NOT (o.refunded_minor > 0 AND o.refunded_minor = o.total_minor)
    UNION ALL
    SELECT o.paid_at, l.product, o.id, l.position, 0, l.total_minor
    FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.tenant_id = %(tenant)s
) AS things
WHERE at >= %(start)s AND at < %(end)s GROUP BY 1
"""


def bounds(tenant: Tenant, window: Any) -> dict[str, Any]:
    """The instants of a window, a period or a range."""
    zone = ZoneInfo(tenant.timezone)
    end = midnight(window.end, zone)
    if isinstance(window, DateWindow) and window.until:
        end = instant(window.until.date(), window.until.time(), zone)
    start: datetime = midnight(window.first, zone)
    return {"tenant": tenant.id, "start": start, "end": end}


def owners(conn: psycopg.Connection[Any], tenant: Tenant, window: Any) -> dict[int, tuple[int, ...]]:
    """Orders, paid orders, revenue and refunds of each owner that has any of them."""
    rows = conn.execute(OWNERS, bounds(tenant, window)).fetchall()
    return {row[0]: row[1:] for row in rows if any(row[1:])}


def products(conn: psycopg.Connection[Any], tenant: Tenant, window: Any) -> dict[str, tuple[int, ...]]:
    """Orders and paid amount of each product that has any of them."""
    rows = conn.execute(PRODUCTS, bounds(tenant, window)).fetchall()
    return {row[0]: row[1:] for row in rows if any(row[1:])}
