"""The data of the history's chart (static/history_chart.js), of the same view as the tables."""

from __future__ import annotations

from typing import Any

from ..accounts.current import current_tenant
from ..language import gettext as _
from ..money import to_decimal
from .figures import HistoryFigures
from .view import View


def chart_data(view: View) -> dict[str, Any]:
    """The labels of the periods, and each series in major units; None is no value. Charts of one `key` have the same series."""
    report, lines = view.report, view.period_lines
    named = view.series_rows or [(view.range_text, report.everything)]
    compared: dict[str, Any] | None = None
    if view.has_comparison and not view.series_rows:
        parts = zip(report.everything.compared_series, report.periods, strict=False)
        values = [_major(each, view.measure) if period.compared else None for each, period in parts]
        dates = [line.compared_label for line in lines]
        compared = {"name": view.compared_text, "values": values or [None] * len(lines), "labels": dates}
    return {
        "key": "|".join((report.unit, report.asked.group, view.measure, *(name for name, _row in named))),
        "summary": _summary(view),
        "labels": [line.label for line in lines],
        "unfinished": report.periods[-1].is_unfinished,
        "isMoney": view.measure != "orders",
        "series": [
            {"name": name, "values": [_major(each, view.measure) for each in row.series]} for name, row in named
        ],
        "compared": compared,
    }


def _summary(view: View) -> str:
    lines = view.period_lines
    values = [each.value(view.measure) or 0 for each in view.report.everything.series]
    most = max(range(len(values)), key=values.__getitem__)
    return _(
        "Chart of %(measure)s by %(unit)s: %(total)s in all, the most in %(period)s with %(value)s.",
        measure=view.measure_name,
        unit=view.unit_name,
        total=view.total.figure.text,
        period=lines[most].label,
        value=lines[most].figure.text,
    )


def _major(figures: HistoryFigures, measure: str) -> float | None:
    value = figures.value(measure)
    if value is None or measure == "orders":
        return value
    return float(to_decimal(value, current_tenant().currency))
