"""Refunds without an event: a search, and a repair that writes the missing events.

A trigger that does not fire leaves `orders.refunded_minor` without its event, and revenue counts refunds by their events.
Triggers do not fire for rows that logical replication applies, for `pg_restore --disable-triggers`, for
`session_replication_role = replica` and for DISABLE TRIGGER. All other figures of the board come from the orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

# Orders per transaction, which locks their rows until it ends.
BATCH_ORDERS = 500
# Orders per search; they are then repaired in batches.
MAX_ORDERS_PER_SEARCH = 100_000
VIA = "doorbell repair"
# Dates of a refund without `refunded_at`.
DATES = ("now", "paid")

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
    SELECT coalesce(r.tenant_id, e.tenant_id) AS tenant_id, coalesce(r.id, e.order_id) AS id,
           coalesce(r.refunded_minor, 0) AS refunded_minor, coalesce(e.minor, 0) AS recorded_minor, e.minor_before
    FROM refunded r FULL JOIN recorded e ON e.tenant_id = r.tenant_id AND e.order_id = r.id
    WHERE coalesce(r.refunded_minor, 0) <> coalesce(e.minor, 0)
)
SELECT o.tenant_id, o.id AS order_id, o.number, o.refunded_minor, o.status, o.owner_id,
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
# Locks in the order of ids, so that two runs cannot deadlock. An event is written under its order's row lock, so the events
# of a locked order cannot change before the next statement reads them.
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
class MissingRefund:
    """An order and the part of its refunds without an event; `missing_minor` is negative when a refund was reversed."""

    tenant_id: int
    order_id: int
    number: str
    refunded_minor: int
    status: str
    owner_id: int | None
    missing_minor: int


def find(conn: psycopg.Connection[Any], limit: int, tenant_id: int | None = None) -> list[MissingRefund]:
    """At most `limit` missing refunds, by order id."""
    return _find(conn, limit, None if tenant_id is None else [tenant_id])


def repair(conn: psycopg.Connection[Any], tenant_id: int | None = None, dated: str = "now") -> list[MissingRefund]:
    """Write the missing events; returns the refunds that lacked them. Each batch is a transaction, so `conn` is in autocommit.

    The event is dated `orders.refunded_at`. Where that is null, it is dated now, or with `dated="paid"` at the payment.
    """
    repaired: list[MissingRefund] = []
    while found := find(conn, MAX_ORDERS_PER_SEARCH, tenant_id):
        for start in range(0, len(found), BATCH_ORDERS):
            repaired += _repair(conn, found[start : start + BATCH_ORDERS], dated)
        if len(found) < MAX_ORDERS_PER_SEARCH:
            break
    return repaired


def _repair(conn: psycopg.Connection[Any], found: Sequence[MissingRefund], dated: str) -> list[MissingRefund]:
    """Lock these orders, check them again, and write the events that are still missing."""
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
) -> list[MissingRefund]:
    """Planned per call: some orders are found by their keys, all orders by the indexes of refunds."""
    values = {"tenants": tenants, "orders": orders, "limit": limit}
    with conn.cursor(row_factory=class_row(MissingRefund)) as cursor:
        return cursor.execute(_MISSING, values, prepare=False).fetchall()
