"""The other orders of an order's customer: the newest, their number and their sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..models import Tenant
from .own_orders import TeamStatement

SHOWN = 5
# A customer such as "Guest" may have most of the orders. More than this are not counted.
MAX_COUNTED = 5_000

# Served by ix_orders_customer, which has the totals too. The customer's name is compared without case and accents.
_SQL = TeamStatement("""
    SELECT mine.customer, summed.orders, summed.total_minor AS sum_minor,
           o.id, o.number, o.total_minor, o.status, o.placed_at
    FROM (SELECT customer, order_customer_key(customer) AS key FROM orders
           WHERE tenant_id = :tenant /* own */ AND id = :order_id) AS mine
    CROSS JOIN LATERAL (
        SELECT count(*) AS orders, coalesce(sum(newest.total_minor), 0)::bigint AS total_minor FROM (
            SELECT others.total_minor FROM orders AS others
            WHERE others.tenant_id = :tenant /* own others */
              AND order_customer_key(others.customer) = mine.key AND others.id <> :order_id
            ORDER BY others.placed_at DESC, others.id DESC LIMIT :most) AS newest
    ) AS summed
    LEFT JOIN LATERAL (
        SELECT others.* FROM orders AS others
        WHERE others.tenant_id = :tenant /* own others */
              AND order_customer_key(others.customer) = mine.key AND others.id <> :order_id
        ORDER BY others.placed_at DESC, others.id DESC LIMIT :shown
    ) AS o ON true
    ORDER BY o.placed_at DESC, o.id DESC
""")


@dataclass(frozen=True)
class CustomerOrder:
    """One other order; its amount in minor units."""

    id: int
    number: str
    total_minor: int
    status: str
    placed_at: datetime


@dataclass(frozen=True)
class CustomerOrders:
    """The newest other orders. All of them are `count` orders with a sum of totals, unless the customer has too many."""

    customer: str
    orders: tuple[CustomerOrder, ...]
    count: int
    sum_minor: int

    @property
    def is_capped(self) -> bool:
        """Whether the customer has more orders than were counted."""
        return self.count > MAX_COUNTED


def read(tenant: Tenant, order_id: int, owner_id: int | None = None) -> CustomerOrders | None:
    """None if the order was deleted or belongs to another tenant. With `owner_id` only the orders of that salesperson."""
    values = {"tenant": tenant.id, "order_id": order_id, "most": MAX_COUNTED + 1, "shown": SHOWN}
    rows = _SQL.execute(owner_id, values).all()
    if not rows:
        return None
    orders = tuple(
        CustomerOrder(row.id, row.number, row.total_minor, row.status, row.placed_at)
        for row in rows
        if row.id is not None
    )
    return CustomerOrders(rows[0].customer, orders, rows[0].orders, rows[0].sum_minor)
