"""Shopify's orders export (Admin → Orders → Export): a row a line item, and an order's first row alone has its totals.

The order's Total counts (it has taxes and shipping in it); the line items are kept as they are listed. Email is the
customer's, so a salesperson is found by Employee (point of sale) alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .columns import LINE_FIELDS, Columns, find, match_mapped
from .faults import FileRefused
from .rows import FIELD_SLOTS, Plan, RowParser, Slots
from .values import NULL, Values

# field: Shopify's column; of several, the first that is not empty
COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("Name",),
    "customer": ("Billing Name", "Shipping Name", "Email"),
    "owner_name": ("Employee",),
    "placed_at": ("Created at",),
    "paid_at": ("Paid at",),
    "shipped_at": ("Fulfilled at",),
    "cancelled_at": ("Cancelled at",),
    "currency": ("Currency",),
    "total": ("Total",),
    "refunded": ("Refunded Amount",),
    "sku": ("Lineitem sku",),
    "product": ("Lineitem name",),
    "quantity": ("Lineitem quantity",),
    "unit_price": ("Lineitem price",),
    "line_discount": ("Lineitem discount",),
}
REQUIRED = ("number", "placed_at", "total", "product", "quantity", "unit_price")
CUSTOMER, SHIPPED_AT = FIELD_SLOTS["customer"], FIELD_SLOTS["shipped_at"]
NO_CUSTOMER = "No customer"  # what Shopify itself shows for a sale over the counter


def match(header: Sequence[str], mapped: Mapping[str, str]) -> Columns:
    """Shopify's columns by their own names. Raises FileRefused when this is no such export."""
    found = match_mapped(header, mapped)
    for field, names in COLUMNS.items():
        indexes = tuple(index for name in names if (index := find(header, name)) is not None)
        if field not in mapped and indexes:
            found[field] = indexes
    missing = [COLUMNS[field][0] for field in REQUIRED if field not in found]
    if missing:
        raise FileRefused(
            f"This is not Shopify's orders export: it has no column {', '.join(missing)}. Export with the standard "
            "columns, or leave --format shopify out."
        )
    return Columns(tuple(header), found)


class ShopifyRows(RowParser):
    """Reads the order from the row that has its total, and only the line item from the others."""

    def __init__(self, columns: Columns, values: Values) -> None:
        super().__init__(columns, values)
        self.line_plan = self.plan_for(("number", *LINE_FIELDS))
        self.total = columns.found["total"][0]
        self.fulfillment = find(columns.header, "Fulfillment Status")

    def plan_of(self, cells: list[str]) -> Plan:
        return self.plan if self._is_first(cells) else self.line_plan

    def finish(self, slots: Slots, cells: list[str], faults: list[str]) -> None:
        if self._is_first(cells):
            names = (self.values.text(cells[index]) for index in self.columns.found.get("customer", ()))
            slots[CUSTOMER] = next((name for name in names if name is not NULL), NO_CUSTOMER)
            if self.fulfillment is not None and cells[self.fulfillment].strip().lower() == "partial":
                slots[SHIPPED_AT] = NULL  # an order is shipped when all of it is
        super().finish(slots, cells, faults)

    def _is_first(self, cells: list[str]) -> bool:
        return self.total < len(cells) and bool(cells[self.total].strip())
