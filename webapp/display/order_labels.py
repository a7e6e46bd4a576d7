"""The words of the orders page: kinds of dates, groups of statuses, count and sum."""

from __future__ import annotations

from ..language import gettext, ngettext
from ..language import lazy_gettext as _
from ..queries.order_totals import ListTotals
from .filters import money_text, number_text

# The kinds of dates, as a heading of the column and as a choice.
KIND_LABELS = {
    "placed": _("Placed"),
    "paid": _("Paid"),
    "shipped": _("Shipped"),
    "cancelled": _("Cancelled"),
    "refunded": _("Refunded"),
    "revenue": _("Paid or refunded"),
}
STATUS_LABELS = {
    "placed": _("Placed"),
    "paid": _("Paid"),
    "shipped": _("Shipped"),
    "refunded": _("Refunded"),
    "cancelled": _("Cancelled"),
    "to_ship": _("To be shipped"),
    "open": _("Open"),
    "counted": _("Not cancelled or refunded"),
}


def totals_text(totals: ListTotals, by: str) -> str:
    """Count and sum of a list: "12 orders · €1,234.50"."""
    if totals.more_than:
        return gettext("More than %(count)s orders", count=number_text(totals.more_than))
    if not totals.is_exact:
        return gettext("Too many orders to count")
    orders = ngettext("%(num)s order", "%(num)s orders", totals.orders, num=number_text(totals.orders))
    return f"{orders} · {_sum_text(money_text(totals.sum_minor), by)}"


def _sum_text(amount: str, by: str) -> str:
    """The sum of a list, named where it is not that of the totals."""
    if by == "revenue":
        return gettext("%(amount)s revenue", amount=amount)
    if by == "refunded":
        return gettext("%(amount)s refunded", amount=amount)
    return amount


GLOBALS = {"kind_labels": KIND_LABELS, "status_labels": STATUS_LABELS, "totals_text": totals_text}
