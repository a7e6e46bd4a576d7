"""The other orders of an order's customer: the newest, their number and their sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from ..db import db
from ..models import Tenant

SHOWN = 5
# A customer such as "Guest" may have most of the orders. More than this are not counted.
MAX_COUNTED = 5_000

# Served by ix_orders_customer, which has the totals too. The customer's name is compared without case and accents. A function
# (migrations/sql/0035_tenancy.sql), because under the policy of a web process PostgreSQL would not use that index.
_SQL = text("SELECT * FROM orders_of_customer(:tenant, :order_id, CAST(:owner AS bigint), :most, :shown)")


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
    values = {"tenant": tenant.id, "order_id": order_id, "owner": owner_id}
    rows = db.session.execute(_SQL, {**values, "most": MAX_COUNTED + 1, "shown": SHOWN}).all()
    if not rows:
        return None
    orders = tuple(
        CustomerOrder(row.id, row.number, row.total_minor, row.status, row.placed_at)
        for row in rows
        if row.id is not None
    )
    return CustomerOrders(rows[0].customer, orders, rows[0].orders, rows[0].sum_minor)
