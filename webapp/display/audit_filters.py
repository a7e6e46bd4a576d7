"""The filter of a downloaded file in words: the audit log has it as the parameters of the address."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl

from ..language import gettext
from ..language import lazy_gettext as _
from .filters import date_text, source_text
from .order_labels import KIND_LABELS, STATUS_LABELS

# The parameters of the orders page, of the history and of a day's figures.
_LABELS = {
    "q": _("Search"),
    "by": _("Dates of"),
    "range": _("Period"),
    "from": _("From"),
    "to": _("To"),
    "status": _("Status"),
    "owner": _("Salesperson"),
    "min": _("Total from"),
    "max": _("Total to"),
    "source": _("Source"),
    "day": _("Day"),
}
# The periods that the orders page offers (routes/order_parameters.py).
RANGES = {
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "last_7": _("Last 7 days"),
    "last_30": _("Last 30 days"),
    "week": _("This week"),
    "month": _("This month"),
    "last_month": _("Last month"),
}


def filter_text(parameters: str) -> str:
    """ "Status: Paid, Period: Today" of "status=paid&range=today"."""
    pairs = parse_qsl(parameters, max_num_fields=20)
    return ", ".join(f"{_LABELS.get(name, name)}: {_value(name, value)}" for name, value in pairs)


def _value(name: str, value: str) -> str:
    labels = {"by": KIND_LABELS, "range": RANGES, "status": STATUS_LABELS}.get(name, {})
    if value in labels:
        return str(labels[value])
    if name == "owner":
        return gettext("Unassigned") if value == "none" else gettext("number %(number)s", number=value)
    if name == "source":
        return source_text(value)
    return written_day_text(value) if name in ("from", "to", "day") else value


def written_day_text(written: str) -> str:
    """A stored "2026-11-26" with its year in the page's locale. Another text stays as it is, such as one with a time."""
    try:
        return date_text(date.fromisoformat(written), date.min)
    except ValueError:
        return written
