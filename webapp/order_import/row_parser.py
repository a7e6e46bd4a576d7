"""Parsing of one row of the file into one row of the staging table, or into the reasons for its rejection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..money import MAX_MINOR
from .cell_parsers import NULL, CellParsers, copy_escape
from .columns import Columns
from .errors import ValueInvalid

# The staging table's columns, in the order of a staged row.
STAGED = (
    "line",
    "number",
    "customer",
    "owner_email",
    "owner_name",
    "placed_at",
    "paid_at",
    "shipped_at",
    "cancelled_at",
    "total_minor",
    "refunded_minor",
    "freight_minor",
    "sku",
    "product",
    "quantity",
    "unit_price_minor",
    "line_total_minor",
    "reason",
)
LINE, NUMBER, OWNER_EMAIL, OWNER_NAME = (STAGED.index(name) for name in ("line", "number", "owner_email", "owner_name"))
SKU, PRODUCT, QUANTITY, UNIT_PRICE, LINE_TOTAL, REASON = range(STAGED.index("sku"), len(STAGED))
# Parsed, but not staged.
RATE, LINE_DISCOUNT, CURRENCY = range(len(STAGED), len(STAGED) + 3)
ROW_LENGTH = len(STAGED) + 3
RATE_ONE = 10**6  # rates are in millionths
TOTAL_SCALE = 1000 * RATE_ONE  # quantities are in thousandths

# The buffer of one row: the staged values, then those that are not staged.
Row = list[Any]
# A cell to parse: index in the Row, index in the file's row, parser, column name.
Steps = list[tuple[int, int, Callable[[str], Any], str]]


class RowParser:
    """Parses rows of the generic format. `width` is the number of fields that each row must have."""

    def __init__(self, columns: Columns, parsers: CellParsers) -> None:
        self.columns = columns
        self.width = len(columns.header)
        self.parsers = parsers
        self.steps = self.steps_for(tuple(FIELD_INDEXES))
        self.number_steps = self.steps_for(("number",))

    def steps_for(self, fields: Sequence[str]) -> Steps:
        return [
            (FIELD_INDEXES[field], column, getattr(self.parsers, PARSERS[field]), self.columns.header[column])
            for field in fields
            for column in self.columns.found.get(field, ())[:1]
        ]

    def parse(self, line: int, cells: list[str]) -> Row:
        """The staged row. An invalid row has only its line, its reasons and, if it could be parsed, its order number."""
        row: Row = [NULL] * ROW_LENGTH
        row[LINE] = line
        reasons: list[str] = []
        steps = self.steps_of(cells)
        # Values may be in the wrong columns, so only the number is parsed; it rejects the whole order.
        if len(cells) != self.width:
            reasons.append(
                f"the row has {len(cells)} fields but the header has {self.width}: quote values that contain a delimiter"
            )
            steps = [step for step in self.number_steps if step[1] < len(cells)]
        for index, column, parse, name in steps:
            try:
                row[index] = parse(cells[column])
            except ValueInvalid as error:
                reasons.append(f"{name} {error}")
        if not reasons:
            self.complete(row, cells, reasons)
        if reasons:
            return [line, row[NUMBER], *[NULL] * (REASON - 2), copy_escape("; ".join(reasons))]
        del row[len(STAGED) :]
        return row

    def steps_of(self, cells: list[str]) -> Steps:
        return self.steps

    def complete(self, row: Row, cells: list[str], reasons: list[str]) -> None:
        """Check and compute what depends on several cells, after all were parsed without an error."""
        if row[NUMBER] is NULL:
            reasons.append("the order number is empty")
        name = row[OWNER_NAME]
        # A column of owner names may contain their addresses.
        if "@" in name and row[OWNER_EMAIL] is NULL:
            try:
                row[OWNER_EMAIL], row[OWNER_NAME] = self.parsers.email(name), NULL
            except ValueInvalid as error:
                reasons.append(f"the owner {error}")
        complete_line(row, reasons)


def complete_line(row: Row, reasons: list[str]) -> None:
    """Compute the line's total: quantity × unit price × (1 − discount), rounded half up to the minor unit."""
    quantity, price, product = row[QUANTITY], row[UNIT_PRICE], row[PRODUCT]
    if product is NULL:
        product = row[PRODUCT] = row[SKU]
    if quantity is NULL or price is NULL or product is NULL:
        missing = [
            name
            for name, value in (("quantity", quantity), ("unit price", price), ("product", product))
            if value is NULL
        ]
        if len(missing) < 3:  # else it has no line
            reasons.append(f"the line has no {' and no '.join(missing)}")
        return
    rate, discount = row[RATE], row[LINE_DISCOUNT]
    total = quantity * price * (RATE_ONE if rate is NULL else RATE_ONE - rate)
    total = (total + TOTAL_SCALE // 2) // TOTAL_SCALE - (0 if discount is NULL else discount)
    if not 0 <= total <= MAX_MINOR:
        reasons.append("the line's discount is more than its price" if total < 0 else "the line's total is too large")
    row[LINE_TOTAL] = total
    row[QUANTITY] = f"{quantity}e-3"  # thousandths


FIELD_INDEXES = {
    **{name: STAGED.index(name) for name in STAGED[NUMBER : STAGED.index("total_minor")]},
    **{name: STAGED.index(f"{name}_minor") for name in ("total", "refunded", "freight")},
    "sku": SKU,
    "product": PRODUCT,
    "quantity": QUANTITY,
    "unit_price": UNIT_PRICE,
    "discount_rate": RATE,
    "line_discount": LINE_DISCOUNT,
    "currency": CURRENCY,
}
PARSERS = {
    **dict.fromkeys(("customer", "owner_name", "sku", "product"), "text"),
    **dict.fromkeys(("total", "refunded", "freight", "unit_price", "line_discount"), "money"),
    **dict.fromkeys(("placed_at", "paid_at", "shipped_at", "cancelled_at"), "instant"),
    "number": "number",
    "owner_email": "email",
    "quantity": "quantity",
    "discount_rate": "rate",
    "currency": "currency",
}
