"""Refunds without an event: a search that costs what the refunds are, so that the doctor compares all of them.

A trigger that does not fire leaves `orders.refunded_minor` without its event, and revenue counts refunds by their events.
Triggers do not fire for rows that logical replication applies, for `pg_restore --disable-triggers`, for
`session_replication_role = replica` and for DISABLE TRIGGER. All other figures of the board come from the orders.
reconciliation/ compares everything else too, and writes the missing events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

# The recorded refund of an order is the sum of its events' amounts. Retention may have dropped the first events of an order
# that was paid before the oldest kept month, if its tenant is older than that month too. Then the sum starts at the amount
# that the oldest kept event found; without a kept event, nothing counts as missing.
# ix_orders_refunded and ix_order_events_refunds serve the query: its cost grows with the refunds, not with the orders.
_MISSING = """
WITH kept AS (SELECT min(begins) AS since FROM order_events_partitions()),
recorded AS (
    SELECT tenant_id, order_id, sum(amount_minor) AS minor,
           (array_agg(coalesce((old_values ->> 'refunded_minor')::bigint, 0) ORDER BY id))[1] AS minor_before
    FROM order_events
    WHERE type = 'refunded'
    GROUP BY tenant_id, order_id
),
refunded AS (
    SELECT tenant_id, id, refunded_minor FROM orders
    WHERE refunded_minor > 0
),
differing AS (
    SELECT coalesce(r.tenant_id, e.tenant_id) AS tenant_id, coalesce(r.id, e.order_id) AS id,
           coalesce(r.refunded_minor, 0) AS refunded_minor, coalesce(e.minor, 0) AS recorded_minor, e.minor_before
    FROM refunded r FULL JOIN recorded e ON e.tenant_id = r.tenant_id AND e.order_id = r.id
    WHERE coalesce(r.refunded_minor, 0) <> coalesce(e.minor, 0)
)
SELECT o.tenant_id, o.id AS order_id, o.number,
       (o.refunded_minor - d.recorded_minor - dropped.minor)::bigint AS missing_minor
FROM differing d
CROSS JOIN LATERAL (  -- OFFSET 0: one by one; a merge reads all orders
    SELECT * FROM orders WHERE orders.tenant_id = d.tenant_id AND orders.id = d.id OFFSET 0
) AS o
JOIN tenants t ON t.id = o.tenant_id
CROSS JOIN kept
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.created_at < kept.since AND coalesce(o.paid_at, o.placed_at) < kept.since
                THEN coalesce(d.minor_before, o.refunded_minor - d.recorded_minor) ELSE 0 END AS minor
) AS dropped
WHERE o.refunded_minor - d.recorded_minor - dropped.minor <> 0
ORDER BY o.id
LIMIT %(limit)s
"""


@dataclass(frozen=True)
class MissingRefund:
    """An order and the part of its refunds without an event; `missing_minor` is negative when a refund was reversed."""

    tenant_id: int
    order_id: int
    number: str
    missing_minor: int


def find(conn: psycopg.Connection[Any], limit: int) -> list[MissingRefund]:
    """At most `limit` missing refunds of all tenants, by order id."""
    with conn.cursor(row_factory=class_row(MissingRefund)) as cursor:
        return cursor.execute(_MISSING, {"limit": limit}, prepare=False).fetchall()
