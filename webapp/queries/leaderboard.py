"""Leaderboard: the salespeople by revenue of the 30 days before today, from the rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .history import DAYS
from .own_orders import TeamStatement
from .ranking import in_order

DEFINITION = lazy_gettext(
    "Revenue (paid less refunded) and paid orders of the %(days)s days before today by the salesperson who owns the order."
    " The figures are refreshed together with the chart beside it.",
    days=DAYS,
)

# Served by pk_rollups_daily. Owner 0 stands for unassigned orders.
SQL = TeamStatement("""
    SELECT r.owner_id, users.name, sum(r.revenue_minor)::bigint AS revenue, sum(r.paid_orders)::bigint AS paid_orders
    FROM rollups_daily r LEFT JOIN users ON users.tenant_id = r.tenant_id AND users.id = r.owner_id
    WHERE r.tenant_id = :tenant /* own r */ AND r.day BETWEEN :first AND :last
    GROUP BY r.owner_id, users.name
    HAVING sum(r.revenue_minor) <> 0 OR sum(r.paid_orders) <> 0
    ORDER BY revenue DESC, users.name, r.owner_id
""")


@dataclass(frozen=True)
class TopSeller:
    """A row of the leaderboard. `name` is None for unassigned orders; revenue in minor units."""

    owner_id: int
    name: str | None
    revenue_minor: int
    paid_orders: int


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> tuple[TopSeller, ...]:
    """All salespeople with revenue or paid orders in these days: the highest revenue first, without a ranking by name."""
    day = today(tenant.timezone, now).date
    first, last = day - timedelta(days=DAYS), day - timedelta(days=1)
    rows = SQL.execute(owner_id, {"tenant": tenant.id, "first": first, "last": last})
    sellers = (TopSeller(row.owner_id, row.name, row.revenue, row.paid_orders) for row in rows)
    return in_order(sellers, tenant)
