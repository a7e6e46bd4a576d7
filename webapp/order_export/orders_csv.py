"""The CSV file of a list of orders, page by page.

Each page is a transaction of its own, by key. A cursor over the whole list would hold a connection of the pool, and a
snapshot that keeps VACUUM from removing dead rows, for as long as the client reads. The price is that the file is not one
moment: an order that changes during the download has its newer state if its page was not read yet. Orders placed after the
beginning are not in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from ..db import db
from ..models import Tenant
from ..money import amount_text
from ..order_import.export_header import ORDER_COLUMNS
from ..queries import order_search
from ..queries.order_search import Filter, PageCursor
from . import cells

# Orders per page. A page takes some milliseconds, in which the process serves no other request.
PAGE_ORDERS, PAGE_ORDERS_WITH_LINES = 400, 200
# After ORDER_COLUMNS, which `flask orders import` reads by name, as it does these.
EMAIL_COLUMN = "Salesperson email"
LINE_COLUMNS = ("SKU", "Product", "Quantity", "Unit price", "Line discount")

ORDERS = text("""
    SELECT o.id, o.number, o.customer, u.name AS owner, u.email AS owner_email, o.status, o.currency, o.total_minor,
           o.refunded_minor, o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at, o.refunded_at
    FROM orders o LEFT JOIN users u ON u.tenant_id = o.tenant_id AND u.id = o.owner_id
    WHERE o.tenant_id = :tenant AND o.id = ANY (:ids) ORDER BY array_position(:ids, o.id)
""")
LINES = text("""
    SELECT order_id, sku, product, quantity, unit_price_minor, total_minor FROM order_lines
    WHERE tenant_id = :tenant AND order_id = ANY (:ids) ORDER BY order_id, position
""")


@dataclass(frozen=True)
class OrdersCsv:
    """The file of the orders of `tenant` that match `wanted`, newest first, as the list shows them.

    With `has_lines` it has one row per line of an order. `has_emails` adds the salespeople's addresses.
    """

    sent: ClassVar[str] = "sent a file of orders"
    cut_off: ClassVar[str] = "cut off a file of orders"
    rows: ClassVar[str] = "orders"
    tenant: Tenant
    wanted: Filter
    has_lines: bool = False
    has_emails: bool = False

    def header(self) -> bytes:
        """The byte order mark and the names of the columns."""
        email = (EMAIL_COLUMN,) if self.has_emails else ()
        lines = LINE_COLUMNS if self.has_lines else ()
        return cells.BOM + cells.encode([(*ORDER_COLUMNS, *email, *lines)])

    def read(self, before: PageCursor | None) -> tuple[bytes, int, PageCursor | None]:
        """The rows of a page, the number of its orders, and the cursor of the next page, None on the last.

        The transaction of the session has one snapshot. Raises OperationalError (QueryCanceled) after
        order_search.MAX_SECONDS in PostgreSQL.
        """
        limit = PAGE_ORDERS_WITH_LINES if self.has_lines else PAGE_ORDERS
        places = order_search.find(self.tenant.id, self.wanted, before, limit)
        ids = [place.id for place in places.found]
        values = {"tenant": self.tenant.id, "ids": ids}
        orders = db.session.execute(ORDERS, values).all() if ids else []
        lines = self._lines(values) if self.has_lines and ids else {}
        zone = ZoneInfo(self.tenant.timezone)
        no_line = [("",) * len(LINE_COLUMNS) if self.has_lines else ()]
        rows = [(*self._order(order, zone), *line) for order in orders for line in lines.get(order.id, no_line)]
        older = places.stopped_at if len(ids) < limit else places.found[-1]
        return cells.encode(rows), len(orders), older

    def _order(self, order: Row[tuple[object, ...]], zone: ZoneInfo) -> tuple[str, ...]:
        moments = (order.placed_at, order.paid_at, order.shipped_at, order.cancelled_at, order.refunded_at)
        email = (order.owner_email or "",) if self.has_emails else ()
        return (
            order.number,
            order.customer,
            order.owner or "",
            order.status,
            order.currency,
            amount_text(order.total_minor, order.currency),
            amount_text(order.refunded_minor, order.currency),
            *(cells.moment(at, zone) for at in moments),
            *email,
        )

    def _lines(self, values: dict[str, object]) -> dict[int, list[tuple[str, ...]]]:
        """The cells of the lines, by the order's id."""
        lines: dict[int, list[tuple[str, ...]]] = {}
        for line in db.session.execute(LINES, values):
            lines.setdefault(line.order_id, []).append(self._line(line))
        return lines

    def _line(self, line: Row[tuple[object, ...]]) -> tuple[str, ...]:
        """The discount is what the price of the quantity, rounded half up, has more than the line's total."""
        full_minor = int((line.quantity * line.unit_price_minor).quantize(Decimal(1), ROUND_HALF_UP))
        discount_minor = full_minor - line.total_minor
        price = amount_text(line.unit_price_minor, self.tenant.currency)
        discount = amount_text(discount_minor, self.tenant.currency) if discount_minor else ""
        return line.sku, line.product, cells.quantity(line.quantity), price, discount
