"""Parsing of one row of the file into one row of the staging table, or into the reasons for its rejection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..language import gettext as _
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
    "refunded_at",
    "total_minor",
    "refunded_minor",
    "freight_minor",
    # The amount that the row adds to the order's total besides its line: tax, shipping, less discounts. May be negative.
    "extra_minor",
    # Whether a status says that the whole order was refunded.
    "is_refunded",
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
    """Parses rows of the generic format.

    `width` is the number of fields of the header. A row may end earlier, after `min_width` fields: then it lacks fields without
    a name, or optional ones, as Excel and others write it.
    """

    # Whether every row has the same steps, whatever its cells are.
    steps_are_fixed = True
    # A row must have a place for these, if the file has them.
    needed = ("number", "customer", "placed_at", "total", "product", "quantity", "unit_price")

    def __init__(self, columns: Columns, parsers: CellParsers) -> None:
        self.columns = columns
        self.width = len(columns.header)
        needed = [column for field in self.needed for column in columns.found.get(field, ())[:1]]
        self.min_width = max(needed, default=0) + 1
        self.parsers = parsers
        self.steps = self.steps_for(tuple(FIELD_INDEXES))
        self.number_steps = self.steps_for(("number",))

    def steps_for(self, fields: Sequence[str]) -> Steps:
        return [
            (FIELD_INDEXES[field], column, self.parser_of(field, column), self.columns.header[column])
            for field in fields
            for column in self.columns.found.get(field, ())[:1]
        ]

    def parser_of(self, field: str, column: int) -> Callable[[str], Any]:
        name = PARSERS[field]
        if name == "instant":
            return self.parsers.instant_of(self.columns.header[column])
        parser: Callable[[str], Any] = getattr(self.parsers, name)
        return parser

    def parse(self, line: int, cells: list[str]) -> Row | None:
        """The staged row, or None if the row is not an order.

        An invalid row has only its line, its reasons and, if it could be parsed, its order number.
        """
        row: Row = [NULL] * ROW_LENGTH
        row[LINE] = line
        reasons: list[str] = []
        if self.min_width <= len(cells) < self.width:
            cells = [*cells, *[""] * (self.width - len(cells))]
        steps = self.steps
        # Values may be in the wrong columns, so only the number is parsed; it rejects the whole order.
        if len(cells) != self.width:
            reasons.append(self._wrong_width(cells))
            steps = [step for step in self.number_steps if step[1] < len(cells)]
        for index, column, parse, name in steps:
            try:
                row[index] = parse(cells[column])
            except ValueInvalid as error:
                reasons.append(f"{name} {error}")
        if not reasons:
            self.complete(row, reasons)
        if reasons:
            return [line, row[NUMBER], *[NULL] * (REASON - 2), copy_escape("; ".join(reasons))]
        del row[len(STAGED) :]
        return row

    def _wrong_width(self, cells: list[str]) -> str:
        # Without ngettext, whose texts are not found again in a stored reason (language/stored.py).
        seen = (
            _("the row has one field but the header has %(width)s", width=self.width)
            if len(cells) == 1
            else _("the row has %(count)s fields but the header has %(width)s", count=len(cells), width=self.width)
        )
        if len(cells) > self.width:
            return _("%(seen)s: quote values that contain a delimiter", seen=seen)
        missing = [self.columns.header[column] for column in range(len(cells), self.min_width)]
        return _(
            "%(seen)s: %(columns)s is missing at its end; fill in the row, or remove it",
            seen=seen,
            columns=", ".join(name for name in missing if name),
        )

    def complete(self, row: Row, reasons: list[str]) -> None:
        """Check and compute what depends on several cells, after all were parsed without an error."""
        if row[NUMBER] is NULL:
            reasons.append(_("the order number is empty"))
        try:
            self.set_owner(row)
        except ValueInvalid as error:
            reasons.append(str(error))
        try:
            row[PRODUCT], row[QUANTITY], row[LINE_TOTAL] = complete_line(
                row[PRODUCT], row[SKU], row[QUANTITY], row[UNIT_PRICE], row[RATE], row[LINE_DISCOUNT]
            )
        except ValueInvalid as error:
            reasons.append(str(error))

    def set_owner(self, row: Row) -> None:
        row[OWNER_EMAIL], row[OWNER_NAME] = self.owner(row[OWNER_EMAIL], row[OWNER_NAME])

    def owner(self, email: Any, name: Any) -> tuple[Any, Any]:
        """The owner's address and name. A column of names may contain addresses."""
        if email is not NULL or "@" not in name:
            return email, name
        try:
            return self.parsers.email(name), NULL
        except ValueInvalid as error:
            raise ValueInvalid(_("the owner %(error)s", error=error)) from None


def complete_line(
    product: Any, sku: Any, quantity: Any, price: Any, rate: Any, discount: Any
) -> tuple[Any, str, int | str]:
    """The line's product, its quantity as PostgreSQL reads it, and its total; the product is the SKU if it is empty.

    The total is quantity × unit price × (1 − discount rate) − discount, rounded half up to the minor unit. The quantity and
    the total of a return are negative.
    """
    if product is NULL:
        product = sku
    if quantity is NULL or price is NULL or product is NULL:
        return product, _without_line(product, quantity, price), NULL
    total = abs(quantity) * price * (RATE_ONE if rate is NULL else RATE_ONE - rate)
    total = (total + TOTAL_SCALE // 2) // TOTAL_SCALE - (0 if discount is NULL else discount)
    if not 0 <= total <= MAX_MINOR:
        raise ValueInvalid(
            _("the line's discount is more than its price") if total < 0 else _("the line's total is too large")
        )
    return product, f"{quantity}e-3", total if quantity > 0 else -total  # thousandths


def _without_line(product: Any, quantity: Any, price: Any) -> str:
    """The quantity NULL, because the row has no line. Raises ValueInvalid if the row has a part of a line."""
    values = {"quantity": quantity, "unit price": price, "product": product}
    missing = [name for name, value in values.items() if value is NULL]
    if len(missing) < len(values):
        raise ValueInvalid(_("the line has no %(missing)s", missing=_(" and no ").join(missing)))
    return NULL


# The staged columns of times.
INSTANTS = tuple(STAGED.index(name) for name in ("placed_at", "paid_at", "shipped_at", "cancelled_at", "refunded_at"))
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
    **dict.fromkeys(("customer", "product"), "text"),
    **dict.fromkeys(("owner_name", "sku"), "optional_text"),
    **dict.fromkeys(("refunded", "freight", "unit_price", "line_discount"), "money"),
    **dict.fromkeys(("placed_at", "paid_at", "shipped_at", "cancelled_at", "refunded_at"), "instant"),
    "number": "number",
    "owner_email": "email",
    # Negative in the rows of a return, as the quantity is.
    "total": "signed_money",
    "quantity": "signed_quantity",
    "discount_rate": "rate",
    "currency": "currency",
}
