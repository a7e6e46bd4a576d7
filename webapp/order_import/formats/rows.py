"""Parsing of the rows of a format, or of any file with a status column: states, amounts and joined texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ...language import gettext as _
from ..cell_parsers import NULL, NULL_WORDS, CellParsers, copy_escape, unwrapped
from ..columns import LINE_FIELDS
from ..errors import ValueInvalid
from ..row_parser import (
    FIELD_INDEXES,
    LINE,
    NUMBER,
    PARSERS,
    QUANTITY,
    REASON,
    ROW_LENGTH,
    STAGED,
    Row,
    RowParser,
)
from ..statuses import Meaning, StatusReader
from . import zone_names
from .amounts import Amounts
from .items import complete_item, is_zero, percent
from .matching import Layout

CUSTOMER, PLACED_AT, PAID_AT, SHIPPED_AT, CANCELLED_AT, TOTAL, RATE = (
    FIELD_INDEXES[field]
    for field in ("customer", "placed_at", "paid_at", "shipped_at", "cancelled_at", "total", "discount_rate")
)
IS_REFUNDED = STAGED.index("is_refunded")
TIMES = frozenset(field for field, kind in PARSERS.items() if kind == "instant")
PAID = {Meaning.PAID, Meaning.PAID_AND_SHIPPED, Meaning.REFUNDED}
SHIPPED = {Meaning.SHIPPED, Meaning.PAID_AND_SHIPPED}
# Reasons for leaving out rows and lines, as the summary names them.
UNNUMBERED = "lines below the table"
FEWEST_CELLS = 3
OUTGOING = "rows of money that went out"
REMOVED_ITEMS = "items with quantity 0 in their orders"
# The first two are whole rows.
LEFT_OUT_ROWS = (UNNUMBERED, OUTGOING)
# A field, its index in the row, and its column and parser; without a column it is read by `read`.
Step = tuple[str, int, int | None, Callable[[str], Any]]


class FormatRows(RowParser):
    """Parses the rows of one file. `left_out` counts rows and items that are left out, `filled` times taken from others."""

    steps_are_fixed = False

    def __init__(self, layout: Layout, parsers: Callable[[str | None], CellParsers], reader: StatusReader) -> None:
        """`parsers` gives the parsers for a time zone; None is the file's own."""
        super().__init__(layout.columns, parsers(None))
        self.layout, self.format, self.reader = layout, layout.format, reader
        self.parsers_of, self.zoned = parsers, dict[str, CellParsers]()
        self.amounts = Amounts(layout, self.parsers)
        fields = [field for field in FIELD_INDEXES if field in layout.texts and field not in Amounts.FIELDS]
        self.order_steps = list(map(self.step, fields))
        self.line_steps = [self.step(field) for field in fields if field in ("number", *LINE_FIELDS)]
        self.refund_steps = [self.step("placed_at")]
        self.last_number = ""
        self.left_out = Counter[str]()
        self.filled = Counter[tuple[str, str]]()

    def parse(self, line: int, cells: list[str]) -> Row | None:
        if self.format.skips_unnumbered and sum(map(bool, cells)) < FEWEST_CELLS:
            self.left_out[UNNUMBERED] += 1
            return None
        if self.min_width <= len(cells) < self.width:
            cells = [*cells, *[""] * (self.width - len(cells))]
        if len(cells) != self.width:
            return self.rejected(line, cells)
        states = self.reader.states(cells)
        if Meaning.NO_ORDER in states or self.is_carried_with(states, cells):
            self.last_number = ""
            return None
        if self.is_outgoing(states, cells):
            self.left_out[OUTGOING] += 1
            return None
        row: Row = [NULL] * ROW_LENGTH
        row[LINE] = line
        reasons: list[str] = []
        steps = self.steps_of(states, cells)
        for field, index, column, parse in steps:
            if column is None:
                self.read(field, row, cells, reasons)
                continue
            try:
                row[index] = parse(cells[column])
            except ValueInvalid as error:
                reasons.append(f"{self.columns.header[column]} {error}")
        if Meaning.REFUND in states:
            self.refund(row, cells, reasons)
        else:
            self.amounts.read(row, cells, reasons, is_order=steps is self.order_steps)
            self.finish(row, states, reasons)
        if reasons:
            return [line, row[NUMBER], *[NULL] * (REASON - 2), copy_escape("; ".join(reasons))]
        del row[len(STAGED) :]
        return row

    def rejected(self, line: int, cells: list[str]) -> Row | None:
        """A row with another number of fields. It rejects its order, in a format that carries numbers down, too."""
        row = super().parse(line, cells)
        if row and row[NUMBER] is NULL and self.format.carries_down and self.last_number:
            row[NUMBER] = self.parsers.number(self.last_number)
        return row

    def is_carried_with(self, states: set[Meaning], cells: Sequence[str]) -> bool:
        """Whether the row is an item of an order above that was left out."""
        is_item = self.format.carries_down and not states and not self.text("number", cells)
        return is_item and not self.last_number and self.reader.has_read

    def step(self, field: str) -> Step:
        """A field of one column and one parser is read directly, the others by `read`."""
        candidates = self.layout.texts[field]
        is_special = field == "quantity" or (field == "number" and self.format.carries_down)
        is_special |= (field in TIMES and "zone" in self.layout.texts) or (
            field == "discount_rate" and self.format.percents
        )
        if is_special or len(candidates) > 1 or len(candidates[0]) > 1:
            return field, FIELD_INDEXES[field], None, str
        column = candidates[0][0]
        return field, FIELD_INDEXES[field], column, self.parser_of(field, column)

    def steps_of(self, states: set[Meaning], cells: Sequence[str]) -> list[Step]:
        """The fields that the row has."""
        if Meaning.REFUND in states:
            return self.refund_steps
        if self.format.carries_down:
            number = self.text("number", cells)
            if not number and self.last_number:
                return self.line_steps
            self.last_number = number
        first = self.layout.first_row_has
        return self.order_steps if first is None or cells[first].strip() else self.line_steps

    def is_outgoing(self, states: set[Meaning], cells: Sequence[str]) -> bool:
        if not self.layout.incoming or Meaning.REFUND in states:
            return False
        try:
            return bool(self.amounts.sum(self.layout.incoming, cells) < 0)
        except ValueInvalid:
            return False

    def text(self, field: str, cells: Sequence[str]) -> str:
        """The text of the field's first candidate that is not empty."""
        for indexes in self.layout.texts.get(field, ()):
            if parts := [text for index in indexes if (text := unwrapped(cells[index])) and text not in NULL_WORDS]:
                return " ".join(parts)
        return ""

    def read(self, field: str, row: Row, cells: Sequence[str], reasons: list[str]) -> None:
        text = self.text(field, cells)
        if field == "number" and not text and self.format.carries_down:
            text = self.last_number
        try:
            if field in TIMES:
                row[FIELD_INDEXES[field]] = self.instant(field, text, cells)
            elif field == "quantity" and is_zero(text):
                row[QUANTITY] = 0
            elif field == "discount_rate" and self.format.percents:
                row[RATE] = self.parsers.rate(percent(text))
            else:
                row[FIELD_INDEXES[field]] = getattr(self.parsers, PARSERS[field])(text)
        except ValueInvalid as error:
            reasons.append(f"{self.name(field)} {error}")

    def name(self, field: str) -> str:
        indexes = self.layout.texts[field][0]
        return " + ".join(self.columns.header[index] for index in indexes)

    def instant(self, field: str, text: str, cells: Sequence[str]) -> Any:
        named = self.text("zone", cells)
        if not text or not named:
            return self.parsers.instant_of(self.name(field))(text)
        zone = zone_names.iana(named)
        if zone not in self.zoned:
            self.zoned[zone] = self.parsers_of(zone)
        return self.zoned[zone].instant(text)

    def refund(self, row: Row, cells: Sequence[str], reasons: list[str]) -> None:
        """A refund is staged as a negative total of its order, at its own time."""
        try:
            row[NUMBER] = self.parsers.number(self.text("refund_of", cells) or self.text("number", cells))
            if row[NUMBER] is NULL:
                raise ValueInvalid(_("names no order"))
            row[TOTAL] = self.amounts.refund(cells)
        except ValueInvalid as error:
            reasons.append(f"the refund {error}")

    def finish(self, row: Row, states: set[Meaning], reasons: list[str]) -> None:
        """Check and compute what depends on several cells."""
        is_order = row[PLACED_AT] is not NULL
        if is_order and row[CUSTOMER] is NULL and self.format.no_customer:
            row[CUSTOMER] = self.format.no_customer
        try:
            self.left_out[REMOVED_ITEMS] += complete_item(row, self.layout.first_row_has is not None)
        except ValueInvalid as error:
            reasons.append(str(error))
        if row[NUMBER] is NULL:
            reasons.append("the order number is empty")
        try:
            self.set_owner(row)
        except ValueInvalid as error:
            reasons.append(str(error))
        if is_order:
            self.apply(states, row)

    def apply(self, states: set[Meaning], row: Row) -> None:
        """Set the times that the states imply and the file does not have."""
        if Meaning.UNSHIPPED in states:
            row[SHIPPED_AT] = NULL
        decides = self.format.times_decide
        has_times = "paid_at" in self.columns.found
        # An order that was refunded was paid, whatever its time of payment says.
        if Meaning.REFUNDED in states or (
            states & PAID and not (has_times and (decides or Meaning.PAID not in states))
        ):
            self.fill("payment", PAID_AT, row)
        if states & SHIPPED and not (decides and "shipped_at" in self.columns.found):
            self.fill("shipping", SHIPPED_AT, row)
        if Meaning.CANCELLED in states:
            self.fill("cancellation", CANCELLED_AT, row)
        if Meaning.REFUNDED in states:
            row[IS_REFUNDED] = "t"
        if self.format.paid_from and row[CANCELLED_AT] is NULL and not states:
            self.fill("payment", PAID_AT, row, self.format.paid_from)

    def fill(self, what: str, index: int, row: Row, source: str = "placed_at") -> None:
        if row[index] is NULL and row[FIELD_INDEXES[source]] is not NULL:
            row[index] = row[FIELD_INDEXES[source]]
            self.filled[what, self.name(source)] += 1
