"""The columns that a CSV file of Doorbell's own begins with, so that the import knows it, and removes its apostrophes.

Such a file comes from the orders page. Its texts that a spreadsheet would compute have an apostrophe (formula_escape.py).
"""

from __future__ import annotations

from collections.abc import Sequence

# In the words of the pages; columns.py finds the fields by these names.
ORDER_COLUMNS = (
    "Order number",
    "Customer",
    "Salesperson",
    "Status",
    "Currency",
    "Total",
    "Refunded",
    "Placed at",
    "Paid at",
    "Shipped at",
    "Cancelled at",
    "Refunded at",
)


def is_our_own(header: Sequence[str]) -> bool:
    """Whether the header is that of a downloaded file."""
    return tuple(header[: len(ORDER_COLUMNS)]) == ORDER_COLUMNS
