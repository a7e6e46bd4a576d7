"""Shopify's orders export (Admin → Orders → Export): one row per line item; only an order's first row has its totals.

The order's total is Total, which includes taxes and shipping; line items are imported as listed. Email is the customer's,
so the salesperson comes only from Employee (point of sale).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .cell_parsers import NULL, CellParsers
from .columns import LINE_FIELDS, Columns, find, match_mapped
from .errors import FileRefused
from .row_parser import FIELD_INDEXES, Row, RowParser, Steps

# For each field, Shopify's columns; the first non-empty cell is used.
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
CUSTOMER, SHIPPED_AT = FIELD_INDEXES["customer"], FIELD_INDEXES["shipped_at"]
# Shopify's own text for a sale over the counter.
NO_CUSTOMER = "No customer"


def match(header: Sequence[str], mapped: Mapping[str, str]) -> Columns:
    """The columns by Shopify's names. Raises FileRefused when the file is not such an export."""
    found = match_mapped(header, mapped)
    for field, names in COLUMNS.items():
        indexes = tuple(index for name in names if (index := find(header, name)) is not None)
        if field not in mapped and indexes:
            found[field] = indexes
    missing = [COLUMNS[field][0] for field in REQUIRED if field not in found]
    if missing:
        raise FileRefused(
            f"This is not Shopify's orders export: it has no column {', '.join(missing)}. Export with the standard "
            "columns, or omit --format shopify."
        )
    return Columns(tuple(header), found)


class ShopifyRows(RowParser):
    """Parses the order from the row with its total, and only the line item from the other rows."""

    steps_are_fixed = False

    def __init__(self, columns: Columns, parsers: CellParsers) -> None:
        super().__init__(columns, parsers)
        self.line_steps = self.steps_for(("number", *LINE_FIELDS))
        self.total = columns.found["total"][0]
        self.fulfillment = find(columns.header, "Fulfillment Status")

    def steps_of(self, cells: list[str]) -> Steps:
        return self.steps if self._is_first(cells) else self.line_steps

    def complete(self, row: Row, cells: list[str], reasons: list[str]) -> None:
        if self._is_first(cells):
            names = (self.parsers.text(cells[index]) for index in self.columns.found.get("customer", ()))
            row[CUSTOMER] = next((name for name in names if name is not NULL), NO_CUSTOMER)
            if self.fulfillment is not None and cells[self.fulfillment].strip().lower() == "partial":
                row[SHIPPED_AT] = NULL  # only partly shipped
        super().complete(row, cells, reasons)

    def _is_first(self, cells: list[str]) -> bool:
        return self.total < len(cells) and bool(cells[self.total].strip())
