"""Salespeople today: revenue and orders of today per owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement
from .ranking import in_order

DEFINITION = lazy_gettext(
    "Revenue today (paid less refunded) and orders placed today that are neither cancelled nor refunded in full, by the"
    " salesperson who owns the order now. The rows add up to the tiles above."
)

# Served by ix_orders_paid, ix_order_events_refunds and ix_orders_recent.
SQL = TeamStatement("""
    WITH moves (owner_id, revenue, orders) AS (
        SELECT owner_id, total_minor, 0 FROM orders
        WHERE tenant_id = :tenant /* own */ AND paid_at >= :start AND paid_at < :end
        UNION ALL
        SELECT o.owner_id, -e.amount_minor, 0 FROM order_events e
        JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
        WHERE e.tenant_id = :tenant /* own o */ AND e.type = 'refunded' AND e.occurred_at >= :start AND e.occurred_at < :end
        UNION ALL
        SELECT owner_id, 0, 1 FROM orders
        WHERE tenant_id = :tenant /* own */ AND status NOT IN ('cancelled', 'refunded')
            AND placed_at >= :start AND placed_at < :end
    )
    SELECT moves.owner_id, users.name, sum(moves.revenue)::bigint AS revenue, sum(moves.orders)::bigint AS orders
    FROM moves LEFT JOIN users ON users.tenant_id = :tenant AND users.id = moves.owner_id
    GROUP BY moves.owner_id, users.name
    ORDER BY revenue DESC, users.name, moves.owner_id
""")


@dataclass(frozen=True)
class Salesperson:
    """A salesperson's figures. `owner_id` and `name` are None for unassigned orders; revenue in minor units."""

    owner_id: int | None
    name: str | None
    revenue_minor: int
    orders: int


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> tuple[Salesperson, ...]:
    """All salespeople with revenue, a refund or an order today: the highest revenue first, without a ranking by name."""
    rows = SQL.execute(owner_id, {"tenant": tenant.id, **today(tenant.timezone, now).bounds})
    people = (Salesperson(row.owner_id, row.name, row.revenue, row.orders) for row in rows)
    return in_order(people, tenant)
