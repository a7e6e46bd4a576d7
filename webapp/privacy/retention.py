"""Retention of orders: those that were last changed before a tenant's cutoff are removed, in batches, without events.

Their figures stay: each batch adds them to rollups_removed in its own transaction, and a recount of the rollups adds those. So
the history is exact in any time zone. Each order goes with its items, comments, notifications and events.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row, tuple_row

from ..audit.kinds import Kind
from ..audit.recording import record
from ..observability import logs
from ..outbox.reader import UNREAD_BY_ANY
from ..postgres import session
from . import jobs
from .erasure import SILENT

BATCH_ORDERS = 500
MIN_MONTHS, MAX_MONTHS = 3, 240
# More orders are shown as "more than".
MAX_COUNTED = 100_000

# The midnight of the tenant's calendar before which an order must be unchanged.
_CUTOFF = """
SELECT (date_trunc('day', now() AT TIME ZONE timezone) - make_interval(months => %(months)s)) AT TIME ZONE timezone
FROM tenants WHERE id = %(tenant)s
"""
# greatest() ignores NULL. Served by ix_orders_recent: an order is not changed before it is placed.
_OLD = """
o.tenant_id = %(tenant)s AND o.placed_at < %(cutoff)s
AND greatest(o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at, o.refunded_at) < %(cutoff)s
"""
_CLOSED = """
AND (o.status IN ('cancelled', 'refunded') OR o.paid_at IS NOT NULL AND o.shipped_at IS NOT NULL)
"""
# An event that a reader has not read, or a message that has not arrived, keeps its order.
_DELIVERED = f"""
AND NOT EXISTS (SELECT FROM relay_held_events h WHERE h.tenant_id = o.tenant_id AND h.order_id = o.id)
AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.tenant_id = o.tenant_id AND d.order_id = o.id
                AND d.state IN ('waiting', 'dead'))
AND NOT EXISTS (SELECT FROM order_events e WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id
                AND (e.occurred_at >= %(cutoff)s
                     OR {UNREAD_BY_ANY}))
"""  # noqa: S608 - constants
_PICK = "SELECT o.id FROM orders o WHERE {where} ORDER BY o.placed_at LIMIT %(most)s FOR UPDATE OF o SKIP LOCKED"
_COUNT = "SELECT count(*) FROM (SELECT FROM orders o WHERE {where} LIMIT %(most)s) AS found"
_QUARTER = "date_bin('15 minutes', {at}, '2000-01-01Z')"
_KEEP_FIGURES = f"""
WITH gone AS (SELECT o.*, coalesce(o.owner_id, 0) AS owner FROM orders o WHERE o.id = ANY (%(ids)s)),
refunds AS (
    SELECT g.id, g.owner, e.occurred_at AS at, e.amount_minor FROM gone g
    JOIN order_events e ON (e.tenant_id, e.order_id) = (g.tenant_id, g.id) AND e.type = 'refunded'
), parts (at, owner_id, orders, paid_orders, revenue_minor, refunded_minor) AS (
    SELECT placed_at, owner, 1, 0, 0, 0 FROM gone WHERE status NOT IN ('cancelled', 'refunded')
    UNION ALL SELECT paid_at, owner, 0, 1, total_minor, 0 FROM gone WHERE paid_at IS NOT NULL
    UNION ALL SELECT at, owner, 0, 0, -amount_minor, amount_minor FROM refunds
    -- Refunds whose events the retention of events has dropped.
    UNION ALL SELECT coalesce(g.refunded_at, g.paid_at), g.owner, 0, 0, -g.refunded_minor + r.minor, g.refunded_minor - r.minor
    FROM gone g CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount_minor), 0) AS minor FROM refunds WHERE refunds.id = g.id) AS r
    WHERE g.refunded_minor <> r.minor
)
INSERT INTO rollups_removed AS kept (tenant_id, at, owner_id, orders, paid_orders, revenue_minor, refunded_minor)
SELECT %(tenant)s, {_QUARTER.format(at="at")}, owner_id, sum(orders), sum(paid_orders), sum(revenue_minor), sum(refunded_minor)
FROM parts GROUP BY 2, 3
ON CONFLICT (tenant_id, at, owner_id) DO UPDATE SET
    orders = kept.orders + excluded.orders, paid_orders = kept.paid_orders + excluded.paid_orders,
    revenue_minor = kept.revenue_minor + excluded.revenue_minor,
    refunded_minor = kept.refunded_minor + excluded.refunded_minor
"""  # noqa: S608 - constants
_KEEP_PRODUCTS = f"""
WITH gone AS (SELECT * FROM orders WHERE id = ANY (%(ids)s)),
parts (at, product, orders, paid_minor) AS (
    SELECT DISTINCT g.placed_at, l.product, g.id, 0::bigint FROM gone g
    JOIN order_lines l ON (l.tenant_id, l.order_id) = (g.tenant_id, g.id) WHERE g.status NOT IN ('cancelled', 'refunded')
    UNION ALL
    SELECT g.paid_at, l.product, NULL, l.total_minor FROM gone g
    JOIN order_lines l ON (l.tenant_id, l.order_id) = (g.tenant_id, g.id) WHERE g.paid_at IS NOT NULL
)
INSERT INTO rollups_products_removed AS kept (tenant_id, at, product, orders, paid_minor)
SELECT %(tenant)s, {_QUARTER.format(at="at")}, product, count(orders), sum(paid_minor) FROM parts GROUP BY 2, 3
ON CONFLICT (tenant_id, at, product) DO UPDATE SET
    orders = kept.orders + excluded.orders, paid_minor = kept.paid_minor + excluded.paid_minor
"""  # noqa: S608 - constants
_DELETE = (
    "DELETE FROM webhook_deliveries WHERE tenant_id = %(tenant)s AND order_id = ANY (%(ids)s)",
    "SELECT privacy_remove_orders(%(tenant)s, %(ids)s)",
)
_TENANTS = """
SELECT id, orders_keep_months AS months, orders_open_kept AS open_kept FROM tenants
WHERE orders_keep_months IS NOT NULL AND deletion_at IS NULL ORDER BY id
"""

log = logs.get("privacy")


@dataclass(frozen=True)
class RetentionRule:
    """A tenant's rule. With `open_kept`, orders that are not paid, or not shipped, stay whatever their age is."""

    id: int
    months: int
    open_kept: bool


def cutoff(conn: psycopg.Connection[Any], rule: RetentionRule) -> datetime:
    values = {"tenant": rule.id, "months": rule.months}
    row = conn.cursor(row_factory=tuple_row).execute(_CUTOFF, values).fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def count(conn: psycopg.Connection[Any], rule: RetentionRule) -> int:
    """The orders that the rule would remove now, at most MAX_COUNTED."""
    values = {"tenant": rule.id, "cutoff": cutoff(conn, rule), "most": MAX_COUNTED}
    row = conn.cursor(row_factory=tuple_row).execute(_statement(_COUNT, rule, delivered=False), values).fetchone()
    return int(row[0]) if row else 0


def remove_old(database_url: str) -> int:
    """Remove the old orders of all tenants with a rule. Safe to run twice, and at once. Raises psycopg.OperationalError."""
    total = 0
    with session.connect(database_url, "doorbell retention", autocommit=True) as conn:
        rules = conn.cursor(row_factory=class_row(RetentionRule)).execute(_TENANTS).fetchall()
        if rules and not jobs.may_run(conn):
            log.error("no old order is removed", tenants=len(rules), error=jobs.WITHOUT_RIGHTS)
            return 0
        for rule in rules:
            removed = _remove(conn, rule)
            if removed:
                log.info("removed old orders", tenant_id=rule.id, orders=removed, months=rule.months)
            total += removed
    return total


def _remove(conn: psycopg.Connection[Any], rule: RetentionRule) -> int:
    before, removed = cutoff(conn, rule), 0
    while True:
        with conn.transaction():
            conn.execute(SILENT)
            batch = _remove_batch(conn, rule, before)
            removed += batch
            if batch < BATCH_ORDERS:
                if removed:
                    details = {"orders": removed, "before": before.isoformat()}
                    record(conn, Kind.ORDERS_REMOVED, tenant_id=rule.id, details=details)
                return removed


def _remove_batch(conn: psycopg.Connection[Any], rule: RetentionRule, before: datetime) -> int:
    values: dict[str, Any] = {"tenant": rule.id, "cutoff": before, "most": BATCH_ORDERS}
    rows = conn.execute(_statement(_PICK, rule, delivered=True), values).fetchall()
    if not rows:
        return 0
    values["ids"] = [row[0] for row in rows]
    for statement in (_KEEP_FIGURES, _KEEP_PRODUCTS, *_DELETE):
        conn.execute(statement.encode(), values)
    return len(rows)


def _statement(form: str, rule: RetentionRule, *, delivered: bool) -> sql.Composed:
    where = _OLD + (_CLOSED if rule.open_kept else "") + (_DELIVERED if delivered else "")
    return sql.SQL(form).format(where=sql.SQL(where))
