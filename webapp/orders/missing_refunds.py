"""Refunds that no event tells of: found, and written down.

A trigger that does not fire leaves `orders.refunded_minor` without its event, and revenue counts refunds by their events.
That is so for rows that logical replication applies, for `pg_restore --disable-triggers`, for
`session_replication_role = replica` and for DISABLE TRIGGER. All other figures of the board come from the orders
themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

BATCH = 500  # orders per transaction: their rows are locked until it ends
ROUND = 100_000  # orders that are found at once and then repaired in batches
VIA = "doorbell repair"
DATES = ("now", "paid")  # when a refund counts that does not say when it was made

# What the events of an order told is the sum of their amounts. Where the retention may have dropped the first of them, they
# begin at what the oldest that is left found there. That may be so for an order that was paid before the oldest month that
# is kept, in a tenant of before that month; without any event left nothing can be said of it.
# ix_orders_refunded and ix_order_events_refunds serve it: the cost grows with the refunds, not with the orders.
_MISSING = """
WITH kept AS (SELECT min(begins) AS since FROM order_events_partitions()),
told AS (
    SELECT tenant_id, order_id, sum(amount_minor) AS minor,
           (array_agg(coalesce((old_values ->> 'refunded_minor')::bigint, 0) ORDER BY id))[1] AS found_minor
    FROM order_events
    WHERE type = 'refunded' AND (%(tenants)s::bigint[] IS NULL OR tenant_id = ANY (%(tenants)s))
        AND (%(orders)s::bigint[] IS NULL OR order_id = ANY (%(orders)s))
    GROUP BY tenant_id, order_id
),
refunded AS (
    SELECT tenant_id, id, refunded_minor FROM orders
    WHERE refunded_minor > 0 AND (%(tenants)s::bigint[] IS NULL OR tenant_id = ANY (%(tenants)s))
        AND (%(orders)s::bigint[] IS NULL OR id = ANY (%(orders)s))
),
differing AS (
    SELECT coalesce(r.tenant_id, t.tenant_id) AS tenant_id, coalesce(r.id, t.order_id) AS id,
           coalesce(r.refunded_minor, 0) AS refunded_minor, coalesce(t.minor, 0) AS told_minor, t.found_minor
    FROM refunded r FULL JOIN told t ON t.tenant_id = r.tenant_id AND t.order_id = r.id
    WHERE coalesce(r.refunded_minor, 0) <> coalesce(t.minor, 0)
)
SELECT o.tenant_id, o.id AS order_id, o.number, o.refunded_minor, o.status, o.owner_id,
       (o.refunded_minor - d.told_minor - before.minor)::bigint AS missing_minor
FROM differing d
CROSS JOIN LATERAL (  -- OFFSET 0: looked up one by one, because a merge would read all orders
    SELECT * FROM orders WHERE orders.tenant_id = d.tenant_id AND orders.id = d.id OFFSET 0
) AS o
JOIN tenants t ON t.id = o.tenant_id
CROSS JOIN kept
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.created_at < kept.since AND coalesce(o.paid_at, o.placed_at) < kept.since
                THEN coalesce(d.found_minor, o.refunded_minor - d.told_minor) ELSE 0 END AS minor
) AS before
WHERE o.refunded_minor - d.told_minor - before.minor <> 0
ORDER BY o.id
LIMIT %(limit)s
"""
# In the order of their ids, so that two runs cannot wait for each other. An event is written under its order's row lock, so
# what is locked here is still when its events are read by the next statement.
_LOCK = "SELECT id FROM orders WHERE id = ANY (%(orders)s) ORDER BY id FOR NO KEY UPDATE"
_WRITE = """
INSERT INTO order_events (tenant_id, order_id, type, owner_id, via, amount_minor, old_values, new_values, occurred_at)
SELECT o.tenant_id, o.id, 'refunded', o.owner_id, %(via)s, m.minor,
       jsonb_build_object('status', o.status, 'refunded_minor', o.refunded_minor - m.minor),
       jsonb_build_object('status', o.status, 'refunded_minor', o.refunded_minor),
       coalesce(o.refunded_at, CASE WHEN %(dated)s = 'paid' THEN o.paid_at END, now())
FROM unnest(%(orders)s::bigint[], %(minors)s::bigint[]) AS m (id, minor) JOIN orders o ON o.id = m.id
ORDER BY o.id
"""


@dataclass(frozen=True)
class Missing:
    """An order of which `missing_minor` of the refunds has no event; negative when a refund was taken back."""

    tenant_id: int
    order_id: int
    number: str
    refunded_minor: int
    status: str
    owner_id: int | None
    missing_minor: int


def find(conn: psycopg.Connection[Any], limit: int, tenant_id: int | None = None) -> list[Missing]:
    """At most `limit` of them, by order id."""
    return _find(conn, limit, None if tenant_id is None else [tenant_id])


def repair(conn: psycopg.Connection[Any], tenant_id: int | None = None, dated: str = "now") -> list[Missing]:
    """Write the missing events; returns what they were about. `conn` is in autocommit: each batch is its own transaction.

    A refund counts at `orders.refunded_at`, where that is null now, or with `dated="paid"` when the order was paid.
    """
    repaired: list[Missing] = []
    while found := find(conn, ROUND, tenant_id):
        for start in range(0, len(found), BATCH):
            repaired += _repair(conn, found[start : start + BATCH], dated)
        if len(found) < ROUND:
            break
    return repaired


def _repair(conn: psycopg.Connection[Any], found: Sequence[Missing], dated: str) -> list[Missing]:
    """Look at these orders again under their locks, and write what is missing still."""
    orders, tenants = [missing.order_id for missing in found], list({missing.tenant_id for missing in found})
    with conn.transaction():
        conn.execute(_LOCK, {"orders": orders})
        still = _find(conn, len(orders), tenants, orders)
        minors = [missing.missing_minor for missing in still]
        values = {"orders": [missing.order_id for missing in still], "minors": minors, "via": VIA, "dated": dated}
        conn.execute(_WRITE, values)
    return still


def _find(
    conn: psycopg.Connection[Any], limit: int, tenants: list[int] | None, orders: list[int] | None = None
) -> list[Missing]:
    """Planned for each call: for some orders by their keys, for all of them by the indexes of refunds."""
    values = {"tenants": tenants, "orders": orders, "limit": limit}
    with conn.cursor(row_factory=class_row(Missing)) as cursor:
        return cursor.execute(_MISSING, values, prepare=False).fetchall()
