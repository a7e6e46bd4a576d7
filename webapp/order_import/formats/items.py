"""The item of a row: its line, or none, and its parts as texts."""

from __future__ import annotations

from ...language import gettext as _
from ..cell_parsers import NULL
from ..errors import ValueInvalid
from ..row_parser import FIELD_INDEXES, LINE_TOTAL, PRODUCT, QUANTITY, RATE, SKU, UNIT_PRICE, Row, complete_line

LINE_DISCOUNT = FIELD_INDEXES["line_discount"]


def complete_item(row: Row, has_sums: bool) -> bool:
    """Complete the row's line. Returns whether the row has a removed item, with quantity 0.

    A row without a quantity or a price has no line: its item was removed, or its order was cancelled. With `has_sums`, a row
    without a product is a sum of others. Raises ValueInvalid if a part of the line is missing.
    """
    is_sum = has_sums and row[PRODUCT] is NULL and row[SKU] is NULL
    is_removed = bool(row[QUANTITY] == 0 and row[UNIT_PRICE] is not NULL)
    if is_sum or row[QUANTITY] == 0 or (row[UNIT_PRICE] is NULL and row[LINE_TOTAL] is NULL):
        row[SKU] = row[PRODUCT] = row[QUANTITY] = row[UNIT_PRICE] = row[LINE_TOTAL] = NULL
    elif row[LINE_TOTAL] is not NULL:
        _complete_from_total(row)
    else:
        row[PRODUCT], row[QUANTITY], row[LINE_TOTAL] = complete_line(
            row[PRODUCT], row[SKU], row[QUANTITY], row[UNIT_PRICE], row[RATE], row[LINE_DISCOUNT]
        )
    return is_removed


def _complete_from_total(row: Row) -> None:
    """The unit price is the total by the quantity, which is 1 if the file has none."""
    total = row[LINE_TOTAL]
    quantity = 1000 if row[QUANTITY] is NULL else row[QUANTITY]  # thousandths
    # A return has a negative quantity.
    if total < 0 < quantity:
        raise ValueInvalid(_("the line's price is negative; allowed: 0 or more"))
    row[UNIT_PRICE] = (abs(total) * 1000 + abs(quantity) // 2) // abs(quantity)
    row[PRODUCT], row[QUANTITY], _total = complete_line(row[PRODUCT], row[SKU], quantity, row[UNIT_PRICE], NULL, NULL)
    row[LINE_TOTAL] = abs(total) if quantity > 0 else -abs(total)


def is_zero(text: str) -> bool:
    return bool(text) and not text.strip("0.,") and "0" in text


def percent(text: str) -> str:
    """A rate of 0 to 1 of a text such as `15` or `15.0`, in the file's decimal mark."""
    mark = "," if "," in text else "."
    whole, _, fraction = text.removesuffix("%").strip().partition(mark)
    if not whole.isdigit() or (fraction and not fraction.isdigit()):
        return text
    digits = whole.rjust(3, "0")
    return f"{digits[:-2]}{mark}{digits[-2:]}{fraction}".rstrip("0").rstrip(mark) or "0"
