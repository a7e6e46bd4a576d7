"""Ranges of dates, their presets, and where a range lies when it is moved back for a comparison.

Dates are days of the tenant's calendar. A range is from its first day to before its end.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from ..language import lazy_gettext

DAY = timedelta(days=1)
# In the order of the page. `all` has no dates until the first order is known.
PRESETS = {
    "today": lazy_gettext("Today"),
    "yesterday": lazy_gettext("Yesterday"),
    "last_7": lazy_gettext("Last 7 days"),
    "last_30": lazy_gettext("Last 30 days"),
    "week": lazy_gettext("This week"),
    "month": lazy_gettext("This month"),
    "quarter": lazy_gettext("This quarter"),
    "year": lazy_gettext("This year"),
    "last_month": lazy_gettext("Last month"),
    "last_quarter": lazy_gettext("Last quarter"),
    "last_year": lazy_gettext("Last year"),
    "all": lazy_gettext("All time"),
}
DEFAULT_PRESET = "last_30"
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class RangeStep:
    """How far a range is moved back: months, or else days."""

    months: int = 0
    days: int = 0

    def back(self, day: date) -> date:
        """The day that is a step earlier. Where that month has no such day, the first day of the next month.

        So the bounds of whole months stay bounds of whole months, and 29 February has no day in the year before.
        """
        if not self.months:
            return day - self.days * DAY
        return _back(day, self.months)[0]

    def has(self, day: date) -> bool:
        """Whether the earlier month has this day."""
        return not self.months or _back(day, self.months)[1]


YEAR = RangeStep(months=12)


def _back(day: date, months: int) -> tuple[date, bool]:
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    if day.day <= monthrange(year, month + 1)[1]:
        return date(year, month + 1, day.day), True
    year, month = divmod(index + 1, 12)
    return date(year, month + 1, 1), False


@dataclass(frozen=True)
class Range:
    """Days from `first` to before `end`. `previous` moves it to the range before; None for all time."""

    first: date
    end: date
    previous: RangeStep | None

    @property
    def last(self) -> date:
        return self.end - DAY

    @property
    def days(self) -> int:
        return (self.end - self.first).days


def of_dates(first: date, last: date) -> Range:
    """A range of whole months is compared with as many months before, and any other one with as many days."""
    end = last + DAY
    if first.day == end.day == 1:
        months = (end.year - first.year) * 12 + end.month - first.month
        return Range(first, end, RangeStep(months=months))
    return Range(first, end, RangeStep(days=(end - first).days))


def of_preset(name: str, today: date, first_order: date | None = None) -> Range:
    """The range of a preset on this day; a present week, month, quarter or year ends today. `first_order` begins `all`.

    Weeks begin on Monday, as on the orders page and for targets: a company has one week, whatever its readers' languages.
    """
    end = today + DAY
    if name in ("today", "yesterday"):
        day = today if name == "today" else today - DAY
        return Range(day, day + DAY, RangeStep(days=1))
    if name in ("last_7", "last_30"):
        days = int(name.removeprefix("last_"))
        return Range(end - days * DAY, end, RangeStep(days=days))
    if name == "week":
        return Range(today - today.weekday() * DAY, end, RangeStep(days=7))
    if name == "all":
        return Range(min(first_order or today, today), end, None)
    months = _MONTHS[name.removeprefix("last_")]
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    step = RangeStep(months=months)
    return Range(step.back(first), first, step) if name.startswith("last_") else Range(first, end, step)
