"""Orders paid since a page's snapshot, for the celebration on a TV."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from ..db import db
from ..models import Tenant

# Salespeople that are named; the rest is a number.
MAX_NAMES = 3

# Served by ix_order_events_xid, whose xid limits the read to what is new. An import writes payments of former days, which are
# nothing to celebrate. The time also limits the read to the newest partitions.
SQL = text("""
    WITH paid AS (
        SELECT e.owner_id, e.amount_minor, e.id FROM order_events e
        WHERE e.tenant_id = :tenant AND e.type = 'paid'
            AND e.xid >= pg_snapshot_xmin(CAST(:seen AS pg_snapshot))
            AND NOT pg_visible_in_snapshot(e.xid, CAST(:seen AS pg_snapshot))
            AND e.recorded_at > now() - interval '10 minutes' AND e.occurred_at > now() - interval '10 minutes'
    ), people AS (
        SELECT users.name, max(paid.id) AS last FROM paid
        JOIN users ON users.tenant_id = :tenant AND users.id = paid.owner_id GROUP BY users.id, users.name
    )
    SELECT pg_current_snapshot()::text AS seen,
           (SELECT count(*) FROM paid) AS orders,
           (SELECT coalesce(sum(amount_minor), 0) FROM paid)::bigint AS total,
           (SELECT count(*) FROM people) AS salespeople,
           ARRAY(SELECT name FROM people ORDER BY last DESC, name LIMIT :names) AS names
""")


@dataclass(frozen=True)
class PaidNow:
    """The number of orders and the sum of their totals; the names of the last `salespeople`, at most MAX_NAMES."""

    seen: str
    orders: int
    total_minor: int
    salespeople: int
    names: tuple[str, ...]


def snapshot() -> str:
    """The present snapshot, for the first request of a page."""
    return str(db.session.execute(text("SELECT pg_current_snapshot()::text")).scalar_one())


def read(tenant: Tenant, seen: str) -> PaidNow:
    """Orders paid after the snapshot `seen`, by transactions that it could not see."""
    row = db.session.execute(SQL, {"tenant": tenant.id, "seen": seen, "names": MAX_NAMES}).one()
    return PaidNow(row.seen, row.orders, row.total, row.salespeople, tuple(row.names))
