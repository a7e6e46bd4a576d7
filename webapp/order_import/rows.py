"""One row of the file to one row of the staging table, or to the reasons why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..money import MAX_MINOR
from .columns import Columns
from .faults import ValueFault
from .values import NULL, Values, copied

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
RATE, LINE_DISCOUNT, CURRENCY = range(len(STAGED), len(STAGED) + 3)  # read, but not staged
ALL = len(STAGED) + 3
RATE_ONE = 10**6  # a rate is millionths
WHOLE = 1000 * RATE_ONE  # a quantity is thousandths

Slots = list[Any]
Plan = list[tuple[int, int, Callable[[str], Any], str]]


class RowParser:
    """Parses rows of the generic format. `width` is the number of fields that every row must have."""

    def __init__(self, columns: Columns, values: Values) -> None:
        self.columns = columns
        self.width = len(columns.header)
        self.values = values
        self.plan = self.plan_for(tuple(FIELD_SLOTS))
        self.number_plan = self.plan_for(("number",))

    def plan_for(self, fields: Sequence[str]) -> Plan:
        """What to read: slot, index in the row, parser, column's name."""
        return [
            (FIELD_SLOTS[field], index, getattr(self.values, PARSERS[field]), self.columns.header[index])
            for field in fields
            for index in self.columns.found.get(field, ())[:1]
        ]

    def parse(self, line: int, cells: list[str]) -> Slots:
        """A staged row. One that cannot be used carries its reasons, and its number as far as that could be read."""
        slots: Slots = [NULL] * ALL
        slots[LINE] = line
        faults: list[str] = []
        plan = self.plan_of(cells)
        if len(cells) != self.width:  # values may stand in the wrong column; the number, if in reach, spoils its order
            faults.append(f"the row has {len(cells)} fields and the header {self.width}: quote what holds a delimiter")
            plan = [step for step in self.number_plan if step[1] < len(cells)]
        for slot, index, parse, name in plan:
            try:
                slots[slot] = parse(cells[index])
            except ValueFault as fault:
                faults.append(f"{name} {fault}")
        if not faults:
            self.finish(slots, cells, faults)
        if faults:
            return [line, slots[NUMBER], *[NULL] * (REASON - 2), copied("; ".join(faults))]
        del slots[len(STAGED) :]
        return slots

    def plan_of(self, cells: list[str]) -> Plan:
        return self.plan

    def finish(self, slots: Slots, cells: list[str], faults: list[str]) -> None:
        """What the cells mean together, after each was read without a fault."""
        if slots[NUMBER] is NULL:
            faults.append("the order number is empty")
        name = slots[OWNER_NAME]
        if "@" in name and slots[OWNER_EMAIL] is NULL:  # a column of people may hold their addresses
            try:
                slots[OWNER_EMAIL], slots[OWNER_NAME] = self.values.email(name), NULL
            except ValueFault as fault:
                faults.append(f"the owner {fault}")
        finish_line(slots, faults)


def finish_line(slots: Slots, faults: list[str]) -> None:
    """Compute what the line costs: quantity × unit price × (1 − discount), rounded half up to the minor unit."""
    quantity, price, product = slots[QUANTITY], slots[UNIT_PRICE], slots[PRODUCT]
    if product is NULL:
        product = slots[PRODUCT] = slots[SKU]
    if quantity is NULL or price is NULL or product is NULL:
        missing = [
            name
            for name, value in (("quantity", quantity), ("unit price", price), ("product", product))
            if value is NULL
        ]
        if len(missing) < 3:  # else the row tells of the order alone
            faults.append(f"the line has no {' and no '.join(missing)}")
        return
    rate, discount = slots[RATE], slots[LINE_DISCOUNT]
    total = quantity * price * (RATE_ONE if rate is NULL else RATE_ONE - rate)
    total = (total + WHOLE // 2) // WHOLE - (0 if discount is NULL else discount)
    if not 0 <= total <= MAX_MINOR:
        faults.append("the line's discount is more than its price" if total < 0 else "the line's total is too large")
    slots[LINE_TOTAL] = total
    slots[QUANTITY] = f"{quantity}e-3"  # thousandths


FIELD_SLOTS = {
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
