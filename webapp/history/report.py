"""The report of a history: its periods with their figures, and the rows of salespeople or products."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import text

from ..db import db, driver_connection
from ..models import Tenant
from ..queries.day import today
from ..queries.ranking import in_order
from ..rollups import reading
from ..rollups.reading import UnreadHours
from ..rollups.tables import OWNERS, PRODUCTS, RollupTable
from . import periods as units
from .figures import NOTHING, HistoryFigures, total
from .periods import DateWindow, Period
from .ranges import YEAR, Range
from .request import HistoryRequest, too_many

_NAMES = text("SELECT id, name FROM users WHERE tenant_id = :tenant AND id = ANY (:ids)")
# The key of the rest of the revenue, which no product has: shipping, refunds, orders without items.
REST = None


@dataclass(frozen=True)
class Row:
    """A salesperson or a product. `key` is a user's id, 0 for unassigned orders, a product's name, or REST.

    `series` has the figures of each period, `compared_series` those of its window. `compared` is all of the comparison.
    """

    key: Any
    name: str | None
    figures: HistoryFigures
    series: tuple[HistoryFigures, ...]
    compared: HistoryFigures = NOTHING
    compared_series: tuple[HistoryFigures, ...] = ()


@dataclass(frozen=True)
class Report:
    """The answer to a request, of one moment. `whole` is the window of the comparison, None without one.

    `rows` is empty without groups. Without `is_exact` it is as of the last refresh of the rollups.
    """

    asked: HistoryRequest
    range: Range
    unit: str
    today: date
    periods: tuple[Period, ...]
    everything: Row
    rows: tuple[Row, ...]
    whole: DateWindow | None
    is_exact: bool
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        figures = (self.everything.figures, self.everything.compared)
        return all(each == NOTHING for each in figures) and not self.rows

    @property
    def is_live(self) -> bool:
        """Whether today is in the range."""
        return self.range.first <= self.today < self.range.end

    @property
    def has_unmatched(self) -> bool:
        """Whether the comparison has days that are beside no period, such as 31 October beside November."""
        windows = sum(((p.compared.end - p.compared.first).days for p in self.periods if p.compared), 0)
        return self.whole is not None and windows < (self.whole.end - self.whole.first).days


def read(tenant: Tenant, now: datetime, asked: HistoryRequest) -> Report:
    """The report as of now. It begins a transaction of its own, and ends it. Raises SQLAlchemy's errors."""
    db.session.rollback()
    try:
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        with driver_connection() as conn:
            return read_in(conn, tenant, now, asked)
    finally:
        db.session.rollback()


def read_in(conn: psycopg.Connection[Any], tenant: Tenant, now: datetime, asked: HistoryRequest) -> Report:
    """The report, in the REPEATABLE READ transaction of the session, whose connection is `conn`."""
    unread, day = reading.unread(conn, tenant.id), today(tenant.timezone, now).date
    first_order = reading.first_day(conn, tenant.id, unread) if asked.needs_first_order else None
    wanted = asked.range(day, first_order)
    problems, unit = dict(asked.problems), asked.by or units.default_unit(wanted.days)
    if units.count(wanted, unit) > units.MAX_PERIODS:
        problems |= {"by": too_many(unit)} if asked.by else {}
        unit = "month"
    step = {"none": None, "previous": wanted.previous, "year": YEAR}[asked.compare]
    whole = units.whole_window(wanted, step, now, ZoneInfo(tenant.timezone)) if step else None
    parts = units.periods(wanted, unit, day, step, whole)
    reader = _RowReader(conn, tenant, unread, wanted, parts, whole, asked.owner_id)
    everything = reader.rows(OWNERS, by_key=False).get(None) or reader.empty_row()
    rows: Iterable[Row] = ()
    if asked.group == "owner":
        rows = _owners(tenant, asked.measure, reader.rows(OWNERS))
    elif asked.group == "product":
        rows = _products(asked.measure, everything, reader.rows(PRODUCTS))
    return Report(asked, wanted, unit, day, parts, everything, tuple(rows), whole, unread.is_exact, problems)


class _RowReader:
    """Reads the rows of a table of rollups for the periods, and for their comparison."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        tenant: Tenant,
        unread: UnreadHours,
        wanted: Range,
        parts: tuple[Period, ...],
        whole: DateWindow | None,
        owner_id: int | None,
    ) -> None:
        self._conn, self._tenant, self._unread, self._owner_id = conn, tenant, unread, owner_id
        self._wanted, self._periods = wanted, parts
        self._whole = whole if whole and whole.first < whole.end else None

    def empty_row(self) -> Row:
        return self._row(None, {}, {}, [])

    def rows(self, table: RollupTable, by_key: bool = True) -> dict[Any, Row]:
        found = self._totals(table, units.span(self._wanted), [period.first for period in self._periods], by_key)
        before: dict[Any, dict[int, HistoryFigures]] = {}
        bounds: list[date] = []
        if self._whole:
            bounds = units.bounds_of((p.compared for p in self._periods if p.compared), self._whole)
            before = self._totals(table, units.span(self._whole), bounds, by_key)
        keys = {**found, **before}
        return {key: self._row(key, found.get(key, {}), before.get(key, {}), bounds) for key in keys}

    def _row(
        self, key: Any, found: dict[int, HistoryFigures], before: dict[int, HistoryFigures], bounds: list[date]
    ) -> Row:
        series = tuple(found.get(n, NOTHING) for n in range(len(self._periods)))
        compared = (
            tuple(
                total(
                    before.get(n, NOTHING) for n, day in enumerate(bounds) if p.compared.first <= day < p.compared.end
                )
                if p.compared
                else NOTHING
                for p in self._periods
            )
            if self._whole
            else ()
        )
        return Row(key, None, total(found.values()), series, total(before.values()), compared)

    def _totals(
        self, table: RollupTable, span: reading.Span, starts: list[date], by_key: bool
    ) -> dict[Any, dict[int, HistoryFigures]]:
        found: dict[Any, dict[int, HistoryFigures]] = {}
        sums = reading.totals(
            self._conn, self._tenant, table, span, starts, self._unread, by_key=by_key, owner_id=self._owner_id
        )
        for (period, key), values in sums.items():
            figures = (
                HistoryFigures(*values)
                if table is OWNERS
                else HistoryFigures(orders=values[0], revenue_minor=values[1])
            )
            found.setdefault(key, {})[period] = figures
        return found


def _owners(tenant: Tenant, measure: str, found: dict[Any, Row]) -> Iterable[Row]:
    names = {row.id: row.name for row in db.session.execute(_NAMES, {"tenant": tenant.id, "ids": list(found)})}
    rows = [_named(row, names.get(row.key)) for row in found.values() if _counts(row, measure)]
    return in_order(sorted(rows, key=lambda row: _place(row, measure)), tenant)


def _products(measure: str, everything: Row, found: dict[Any, Row]) -> Iterable[Row]:
    rows = sorted(
        (_named(row, row.key) for row in found.values() if _counts(row, measure)), key=lambda row: _place(row, measure)
    )
    if measure != "revenue" or not rows:
        return rows
    rest = _rest(everything, rows)
    return [*rows, rest] if _counts(rest, measure) else rows


def _rest(everything: Row, rows: list[Row]) -> Row:
    """The revenue that no product has."""

    def less(all_of_it: HistoryFigures, parts: Iterable[HistoryFigures]) -> HistoryFigures:
        return HistoryFigures(revenue_minor=all_of_it.revenue_minor - total(parts).revenue_minor)

    def series(name: str) -> tuple[HistoryFigures, ...]:
        columns = zip(*(getattr(row, name) for row in rows), strict=True)
        return tuple(less(each, parts) for each, parts in zip(getattr(everything, name), columns, strict=True))

    return Row(
        REST,
        None,
        less(everything.figures, (row.figures for row in rows)),
        series("series"),
        less(everything.compared, (row.compared for row in rows)),
        series("compared_series"),
    )


def _named(row: Row, name: str | None) -> Row:
    return Row(row.key, name, row.figures, row.series, row.compared, row.compared_series)


def _counts(row: Row, measure: str) -> bool:
    """Whether the row has the measure in any period. Payments and refunds may add up to zero."""
    return any(each.value(measure) for each in (row.compared, *row.series, *row.compared_series))


def _place(row: Row, measure: str) -> tuple[int, str, str]:
    return -(row.figures.value(measure) or 0), row.name or "", str(row.key)
