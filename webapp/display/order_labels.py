"""The words of the orders page: kinds of dates, groups of statuses, count and sum."""

from __future__ import annotations

from ..queries.order_totals import ListTotals
from .filters import money_text, number_text

# The kinds of dates, as a heading of the column and as a choice.
KIND_LABELS = {
    "placed": "Placed",
    "paid": "Paid",
    "shipped": "Shipped",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "revenue": "Paid or refunded",
}
STATUS_LABELS = {
    "placed": "Placed",
    "paid": "Paid",
    "shipped": "Shipped",
    "refunded": "Refunded",
    "cancelled": "Cancelled",
    "to_ship": "To be shipped",
    "open": "Open",
    "counted": "Not cancelled or refunded",
}
# The sum of a list is named where it is not that of the totals.
SUM_LABELS = {"revenue": " revenue", "refunded": " refunded"}


def totals_text(totals: ListTotals, by: str) -> str:
    """Count and sum of a list: "12 orders · €1,234.50"."""
    if totals.more_than:
        return f"More than {number_text(totals.more_than)} orders"
    if not totals.is_exact:
        return "Too many orders to count"
    orders = f"{number_text(totals.orders)} order{'' if totals.orders == 1 else 's'}"
    return f"{orders} · {money_text(totals.sum_minor)}{SUM_LABELS.get(by, '')}"


GLOBALS = {"kind_labels": KIND_LABELS, "status_labels": STATUS_LABELS, "totals_text": totals_text}
