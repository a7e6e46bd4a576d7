"""Leaderboard: who sold most in the last 30 days, from the rollups that Celery keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from .day import today
from .history import DAYS

DEFINITION = (
    f"Revenue (paid less refunded) and paid orders of the last {DAYS} days by the salesperson who owns the order, from"
    " the same aggregates as the chart beside it."
)

# Served by pk_rollups_daily. Owner 0 is nobody.
SQL = text("""
    SELECT r.owner_id, users.name, sum(r.revenue_minor)::bigint AS revenue, sum(r.paid_orders)::bigint AS paid_orders
    FROM rollups_daily r LEFT JOIN users ON users.tenant_id = r.tenant_id AND users.id = r.owner_id
    WHERE r.tenant_id = :tenant AND r.day BETWEEN :first AND :last
    GROUP BY r.owner_id, users.name
    HAVING sum(r.revenue_minor) <> 0 OR sum(r.paid_orders) <> 0
    ORDER BY revenue DESC, users.name, r.owner_id
""")


@dataclass(frozen=True)
class TopSeller:
    """`name` is None for orders that nobody owns. Revenue in minor units."""

    owner_id: int
    name: str | None
    revenue_minor: int
    paid_orders: int


def read(tenant: Tenant, now: datetime) -> tuple[TopSeller, ...]:
    """Everybody who sold in these days, the best first."""
    last = today(tenant.timezone, now).date
    rows = db.session.execute(SQL, {"tenant": tenant.id, "first": last - timedelta(days=DAYS - 1), "last": last})
    return tuple(TopSeller(row.owner_id, row.name, row.revenue, row.paid_orders) for row in rows)
