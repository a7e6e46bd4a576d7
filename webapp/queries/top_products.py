"""Top products today: the products of the orders placed today, by the sum of their lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement

LIMIT = 5  # rows on the board
DEFINITION = lazy_gettext(
    "The %(count)s products with the highest sum of lines in the orders placed today, paid or not, without orders that are"
    " cancelled or refunded in full. A part of an order that was refunded is included, because refunds name no product. Prices"
    " are after discount and without shipping. Lines of the same name are one product.",
    count=LIMIT,
)

# Served by ix_orders_recent or ix_orders_status, and pk_order_lines. The ids are an array, because a join reads all lines of
# the tenant. `has_lines` decides between "no products today" and no panel at all.
SQL = TeamStatement("""
    WITH sold AS MATERIALIZED (
        SELECT product, quantity, total_minor FROM order_lines
        WHERE tenant_id = :tenant AND order_id = ANY (ARRAY(
            SELECT id FROM orders WHERE tenant_id = :tenant /* own */ AND placed_at >= :start AND placed_at < :end
                AND status IN ('placed', 'paid', 'shipped')))
    )
    SELECT top.*, EXISTS (SELECT FROM order_lines WHERE tenant_id = :tenant) AS has_lines
    FROM (SELECT 1) AS one LEFT JOIN (
        SELECT product, sum(quantity) AS quantity, sum(total_minor)::bigint AS total, count(*) OVER () AS products
        FROM sold GROUP BY product ORDER BY total DESC, product LIMIT :limit
    ) AS top ON true
    ORDER BY total DESC, product
""")


@dataclass(frozen=True)
class TopProduct:
    """A product with its sold quantity and the sum of its lines in minor units."""

    name: str
    quantity: Decimal
    total_minor: int


@dataclass(frozen=True)
class TopProducts:
    """The best products, and the number of all sold. `has_lines`: some order of the tenant, of any day, has lines."""

    today: date
    products: tuple[TopProduct, ...]
    sold: int
    has_lines: bool


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> TopProducts:
    day = today(tenant.timezone, now)
    values = {"tenant": tenant.id, "start": day.start, "end": day.end, "limit": LIMIT}
    rows = SQL.execute(owner_id, values).all()
    products = tuple(TopProduct(row.product, row.quantity, row.total) for row in rows if row.product is not None)
    return TopProducts(day.date, products, rows[0].products or 0, rows[0].has_lines)
