"""Amounts of a format's rows: sums of columns, signs, what is left after refunds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ...language import gettext as _
from ..cell_parsers import NULL, CellParsers
from ..errors import ValueInvalid
from ..row_parser import FIELD_INDEXES, LINE_TOTAL, STAGED, Row
from .matching import Layout

EXTRA = STAGED.index("extra_minor")
TOTAL, REFUNDED, FREIGHT = (FIELD_INDEXES[field] for field in ("total", "refunded", "freight"))
# Further decimals that are read before an amount is rounded to the currency's.
MORE_DIGITS = 4


class Amounts:
    """Reads the amounts of one file's rows, in minor units."""

    # The fields of amounts that are read here.
    FIELDS: ClassVar[frozenset[str]] = frozenset({"total", "refunded", "freight", "unit_price", "line_discount"})

    def __init__(self, layout: Layout, parsers: CellParsers) -> None:
        self.layout, self.parsers = layout, parsers
        self.header = layout.columns.header
        texts = layout.texts
        # In an item's row, and in an order's.
        self.line_columns = [(index, texts[field]) for field, index in LINE_AMOUNTS.items() if field in texts]
        self.order_columns = [(index, texts[field]) for field, index in ORDER_AMOUNTS.items() if field in texts]

    def read(self, row: Row, cells: Sequence[str], reasons: list[str], is_order: bool) -> None:
        try:
            for index, candidates in self.line_columns:
                row[index] = self.first(candidates, cells)
            if is_order:
                for index, candidates in self.order_columns:
                    amount = self.first(candidates, cells)
                    # A refund may be written with a minus; a negative total is a return.
                    row[index] = amount if amount is NULL or index == TOTAL else abs(amount)
                self.left(row, cells)
            self.sums(row, cells)
        except ValueInvalid as error:
            reasons.append(str(error))

    def refund(self, cells: Sequence[str]) -> int:
        """The refund's amount, negative whatever its sign in the file. Raises ValueInvalid if it is empty."""
        texts = self.layout.texts
        amount = self.first(texts.get("refund", texts.get("total", ())), cells)
        if amount is NULL and self.layout.adds:
            amount = self.sum(self.layout.adds, cells) + (
                self.first(texts["line_total"], cells, 0) if "line_total" in texts else 0
            )
        if amount is NULL:
            raise ValueInvalid(_("has no amount"))
        return -abs(amount)

    def sums(self, row: Row, cells: Sequence[str]) -> None:
        if self.layout.adds:
            row[EXTRA] = self.sum(self.layout.adds, cells)
        if self.layout.once:
            # 0 is as good as empty, because only one of the order's rows may have the amount.
            row[FREIGHT] = self.sum(self.layout.once, cells) or NULL

    def left(self, row: Row, cells: Sequence[str]) -> None:
        """The refund from what is left of the total."""
        candidates = self.layout.texts.get("left")
        if candidates and row[TOTAL] is not NULL and row[REFUNDED] is NULL:
            left = self.first(candidates, cells)
            if left is not NULL and 0 < left < row[TOTAL]:
                row[REFUNDED] = row[TOTAL] - left

    def first(self, candidates: Sequence[tuple[int, ...]], cells: Sequence[str], otherwise: Any = NULL) -> Any:
        for index, *_rest in candidates:
            if (amount := self.amount(index, cells)) is not NULL:
                return amount
        return otherwise

    def sum(self, columns: Sequence[tuple[int, int]], cells: Sequence[str]) -> int:
        total = 0
        for sign, index in columns:
            amount = self.amount(index, cells)
            total += 0 if amount is NULL else sign * amount
        return total

    def amount(self, index: int, cells: Sequence[str]) -> Any:
        """Minor units, with a sign, or NULL. Raises ValueInvalid with the column's name."""
        try:
            return self.rounded(cells[index]) if self.layout.format.rounds else self.parsers.signed_money(cells[index])
        except ValueInvalid as error:
            raise ValueInvalid(f"{self.header[index]} {error}") from None

    def rounded(self, cell: str) -> Any:
        """The amount of a cell with more decimals than the currency has, rounded half up."""
        if not (text := cell.strip()):
            return NULL
        allowed = f"allowed here: {self.parsers.digits + MORE_DIGITS}"
        scaled = self.parsers.amounts.scaled(text, self.parsers.digits + MORE_DIGITS, allowed)
        return (scaled + 10**MORE_DIGITS // 2) // 10**MORE_DIGITS


LINE_AMOUNTS = {
    "unit_price": FIELD_INDEXES["unit_price"],
    "line_discount": FIELD_INDEXES["line_discount"],
    "line_total": LINE_TOTAL,
}
ORDER_AMOUNTS = {field: FIELD_INDEXES[field] for field in ("total", "refunded", "freight")}
