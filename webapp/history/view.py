"""A report as the page shows it: lines of tables with texts and links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..display.order_links import measure_of_dates, orders_link
from ..language import gettext as _
from ..language import ngettext
from . import labels
from .figures import GROUPS, MEASURES, NOTHING, HistoryFigures, total
from .labels import ChangeText, value_text
from .periods import DateWindow, Period
from .report import REST, Report, Row
from .request import COMPARISONS, UNITS

# Series of the chart, and columns of its table; the rest is one series.
MAX_SERIES = 8
# Salespeople or products in the table; the file has all.
MAX_ROWS = 50
# The key of several rows together.
_OTHER = object()


@dataclass(frozen=True)
class Figure:
    """A figure as text, with the link to its orders; "" where the orders page has no such filter."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the table. Without a comparison `compared` and `change` are None."""

    id: str
    label: str
    figure: Figure
    compared: Figure | None = None
    change: ChangeText | None = None
    compared_label: str = ""
    is_unfinished: bool = False


@dataclass(frozen=True)
class Matrix:
    """The periods as rows and the series of the chart as columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Line, tuple[Figure, ...]], ...]


class View:
    """A report as the template shows it."""

    def __init__(self, report: Report) -> None:
        self.report, self.asked, self.measure = report, report.asked, report.asked.measure
        self.has_comparison = report.whole is not None
        self.series_rows = _series_rows(report)

    @property
    def measure_name(self) -> str:
        return str(MEASURES[self.measure])

    @property
    def group_name(self) -> str:
        return str(GROUPS[self.asked.group])

    @property
    def unit_name(self) -> str:
        return str(UNITS[self.report.unit])

    @property
    def comparison_name(self) -> str:
        return str(COMPARISONS[self.asked.compare])

    @property
    def range_text(self) -> str:
        return labels.range_text(self.report.range)

    @property
    def periods_caption(self) -> str:
        return _("%(measure)s by %(unit)s", measure=self.measure_name, unit=self.unit_name)

    @property
    def groups_caption(self) -> str:
        return _("%(measure)s by %(group)s", measure=self.measure_name, group=self.group_name)

    @property
    def matrix_summary(self) -> str:
        values = {"measure": self.measure_name, "group": self.group_name, "unit": self.unit_name}
        return _("%(measure)s by %(unit)s and %(group)s", **values)

    @property
    def empty_text(self) -> str:
        wanted = self.report.range
        return _(
            "No orders between %(first)s and %(last)s.",
            first=labels.dates_text(wanted.first, wanted.first),
            last=labels.dates_text(wanted.last, wanted.last),
        )

    @property
    def orders_overlap(self) -> bool:
        """Whether an order counts for several rows."""
        return self.asked.group == "product" and self.measure == "orders"

    @property
    def total(self) -> Line:
        return self._line("total", _("Total"), self.report.everything)

    @property
    def compared_text(self) -> str:
        """The dates of the comparison."""
        whole = self.report.whole
        if whole is None or whole.first >= whole.end:
            return ""
        return labels.window_text(whole, "", self.report.today.year)

    @property
    def period_lines(self) -> tuple[Line, ...]:
        return tuple(self._period_line(n, period) for n, period in enumerate(self.report.periods))

    @property
    def group_lines(self) -> tuple[Line, ...]:
        rows = self.report.rows
        shown, hidden = rows[:MAX_ROWS], rows[MAX_ROWS:]
        found = [self._line(f"row-{n}", name_of(row, self.asked.group), row, row) for n, row in enumerate(shown)]
        if hidden:
            text = ngettext("%(num)s more", "%(num)s more", len(hidden))
            found.append(self._line("row-more", text, _sum(hidden)))
        return tuple(found)

    @property
    def matrix(self) -> Matrix:
        columns = (*(name for name, _row in self.series_rows), _("Total"))
        rows = []
        for n, line in enumerate(self.period_lines):
            cells = [self._figure(row.series[n], self.report.periods[n], row) for _name, row in self.series_rows]
            rows.append((line, (*cells, line.figure)))
        return Matrix(columns, tuple(rows))

    def _period_line(self, n: int, period: Period) -> Line:
        report = self.report
        everything, window = report.everything, period.compared
        figure = self._figure(everything.series[n], period)
        compared, change, compared_label = None, None, ""
        label = labels.period_text(period, report.unit, report.today.year)
        if self.has_comparison:
            before = everything.compared_series[n] if everything.compared_series else NOTHING
            compared = self._figure(before, window) if window else Figure("–")
            value = everything.series[n].value(self.measure)
            change = labels.change(value, before.value(self.measure) if window else None)
            compared_label = labels.window_text(window, report.unit, report.today.year) if window else ""
        return Line(f"p-{period.first}", label, figure, compared, change, compared_label, period.is_unfinished)

    def _line(self, id: str, label: str, row: Row, linked: Row | None = None) -> Line:
        report, owner = self.report, linked
        figure = self._figure(row.figures, report.range, owner, has_link=id != "row-more")
        if report.whole is None:
            return Line(id, label, figure)
        compared = self._figure(row.compared, report.whole, owner, has_link=id != "row-more")
        change = labels.change(row.figures.value(self.measure), row.compared.value(self.measure))
        return Line(id, label, figure, compared, change)

    def _figure(self, figures: HistoryFigures, dates: Any, row: Row | None = None, has_link: bool = True) -> Figure:
        text = value_text(figures.value(self.measure), self.measure)
        is_product = row is not None and self.asked.group == "product"
        is_sum = row is not None and row.key is _OTHER
        if is_product or is_sum or not has_link or dates.first >= dates.end:
            return Figure(text)
        until = dates.until if isinstance(dates, DateWindow) else None
        owner = None if row is None else int(row.key)
        return Figure(text, orders_link(**measure_of_dates(self.measure, dates.first, dates.last, until, owner)))


def name_of(row: Row, group: str) -> str:
    """The name of a salesperson, of a product, or of what has neither."""
    if group == "owner":
        return row.name or _("Unassigned")
    return _("Shipping, refunds and other") if row.key is REST else str(row.name)


def _sum(rows: tuple[Row, ...]) -> Row:
    """Several rows as one."""

    def add(series: Iterator[tuple[HistoryFigures, ...]]) -> tuple[HistoryFigures, ...]:
        return tuple(total(column) for column in zip(*series, strict=True))

    return Row(
        _OTHER,
        None,
        total(row.figures for row in rows),
        add(row.series for row in rows),
        total(row.compared for row in rows),
        add(row.compared_series for row in rows),
    )


def _series_rows(report: Report) -> list[tuple[str, Row]]:
    """The rows that have a line in the chart, with their names; the rest is summed as "Other"."""
    view_rows = report.rows
    if not view_rows:
        return []
    most = MAX_SERIES if len(view_rows) <= MAX_SERIES else MAX_SERIES - 1
    found = [(name_of(row, report.asked.group), row) for row in view_rows[:most]]
    return [*found, (_("Other"), _sum(view_rows[most:]))] if len(view_rows) > most else found
