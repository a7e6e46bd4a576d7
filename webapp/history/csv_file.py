"""The CSV file of a history: a row per period, or per period and salesperson or product."""

from __future__ import annotations

from collections.abc import Iterator

from ..models import Tenant
from ..money import amount_text
from ..order_export import cells
from .figures import HistoryFigures
from .periods import Period
from .report import Report
from .view import name_of

_COLUMNS = {"revenue": "Revenue", "orders": "Orders", "average": "Average order", "refunds": "Refunds"}
_GROUPS = {"owner": "Salesperson", "product": "Product"}
_ROWS = 500  # per piece


def pieces(tenant: Tenant, report: Report) -> Iterator[bytes]:
    """The file, a piece after the other. Dates are ISO, amounts plain; names that a spreadsheet would compute are escaped."""
    yield cells.BOM + cells.encode([_header(report)])
    rows = []
    for row in _rows(tenant, report):
        rows.append(row)
        if len(rows) == _ROWS:
            yield cells.encode(rows)
            rows = []
    if rows:
        yield cells.encode(rows)


def _header(report: Report) -> tuple[str, ...]:
    group = (_GROUPS[report.asked.group],) if report.asked.group != "none" else ()
    measure = _COLUMNS[report.asked.measure]
    compared = ("Compared from", "Compared to", f"{measure} compared") if report.whole else ()
    return ("From", "To", "Unfinished", *group, "Currency", measure, *compared)


def _rows(tenant: Tenant, report: Report) -> Iterator[tuple[str, ...]]:
    is_grouped = report.asked.group != "none"
    rows = report.rows if is_grouped else (report.everything,)
    for n, period in enumerate(report.periods):
        for row in rows:
            name = (name_of(row, report.asked.group),) if is_grouped else ()
            before = row.compared_series[n] if row.compared_series and period.compared else None
            head = (period.first.isoformat(), period.last.isoformat(), "yes" if period.is_unfinished else "")
            value = _value(tenant, report, row.series[n])
            yield (*head, *name, tenant.currency, value, *_compared(tenant, report, period, before))


def _compared(tenant: Tenant, report: Report, period: Period, before: HistoryFigures | None) -> tuple[str, ...]:
    if report.whole is None:
        return ()
    window = period.compared
    if window is None or before is None:
        return ("", "", "")
    last = window.until.isoformat(timespec="minutes") if window.until else window.last.isoformat()
    return window.first.isoformat(), last, _value(tenant, report, before)


def _value(tenant: Tenant, report: Report, figures: HistoryFigures) -> str:
    value = figures.value(report.asked.measure)
    if value is None:
        return ""
    return str(value) if report.asked.measure == "orders" else amount_text(value, tenant.currency)
