"""The decimal mark of a file's amounts, found in the amounts themselves.

Most texts fit one mark only: 12.50, 1.234,50. One such as 1,234 fits both, as other amounts. It decides nothing.
"""

from __future__ import annotations

import itertools

from ..language import gettext as _
from .amounts import mark_of
from .cell_parsers import unwrapped
from .columns import Columns
from .errors import FileRefused
from .orders_file import OrdersFile
from .value_style import AUTO, COMMA, POINT

NUMERIC_FIELDS = ("total", "refunded", "freight", "unit_price", "line_discount", "quantity", "discount_rate")
# Both marks within so many rows are a contradiction. Later rows are read only until the first clear amount.
FIRST_ROWS = 1_000
MAX_ROWS = 100_000
# In most workbooks all amounts are numbers, and reading one takes long. A later text with two meanings is then invalid.
MAX_ROWS_OF_WORKBOOK = 1_000


def find(file: OrdersFile, columns: Columns, sample: int | None = None) -> str:
    """POINT or COMMA. AUTO if no amount shows it: then the amounts that depend on it are invalid.

    A `sample` of first rows without such an amount has POINT, as a file that ends there.

    Raises FileRefused if the first rows have both marks.
    """
    numeric = [column for field in NUMERIC_FIELDS for column in columns.found.get(field, ())]
    numeric += sorted(columns.amounts)
    seen: dict[str, str] = {}
    # Numbers of a workbook have no mark.
    rows = iter(enumerate(file.with_decimal(AUTO).rows()))
    most = sample or (MAX_ROWS_OF_WORKBOOK if file.is_workbook else MAX_ROWS)
    for place, (line, cells) in itertools.islice(rows, most):
        if place >= FIRST_ROWS and (POINT in seen or COMMA in seen):
            break
        for column in numeric:
            cell = cells[column] if column < len(cells) else ""
            if (mark := mark_of(unwrapped(cell))) and mark not in seen:
                seen[mark] = f"{columns.header[column]} {cell!r} on line {line}"
        if POINT in seen and COMMA in seen:
            raise FileRefused(
                _(
                    "Two decimal marks are in the file: %(point)s has a point, %(comma)s a comma. Use --decimal "
                    "point or --decimal comma; rows with the other mark are then rejected.",
                    point=seen[POINT],
                    comma=seen[COMMA],
                )
            )
    if not seen and (sample is not None or next(rows, None) is None):
        return POINT
    return next((mark for mark in (POINT, COMMA) if mark in seen), AUTO)
