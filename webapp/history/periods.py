"""The periods of a range, and the windows of dates that they are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..rollups.reading import Span
from .ranges import DAY, Range, RangeStep

UNITS = ("day", "week", "month")
# By default a range has at most so many days or weeks.
_MAX_BY_DAY, _MAX_BY_WEEK = 92, 190
# More rows are too many for a page, and for a reader.
MAX_PERIODS = 800


@dataclass(frozen=True)
class DateWindow:
    """Days from `first` to before `end`; with `until`, the last of them only to before that local time."""

    first: date
    end: date
    until: datetime | None = None

    @property
    def last(self) -> date:
        return self.end - DAY


@dataclass(frozen=True)
class Period:
    """A day, week or month of the range, or the part of it that lies in the range.

    `is_unfinished`: today is in it. `compared` is None without a comparison, and where there is no such day.
    """

    first: date
    end: date
    is_unfinished: bool = False
    compared: DateWindow | None = None

    @property
    def last(self) -> date:
        return self.end - DAY


def default_unit(days: int) -> str:
    return "day" if days <= _MAX_BY_DAY else "week" if days <= _MAX_BY_WEEK else "month"


def starts(wanted: Range, unit: str) -> list[date]:
    """The first days of the periods. The first period begins with the range, the last one ends with it."""
    found = [wanted.first]
    while (following := _next(found[-1], unit)) < wanted.end:
        found.append(following)
    return found


def count(wanted: Range, unit: str) -> int:
    """About how many periods there are, without making them."""
    return wanted.days // {"day": 1, "week": 7, "month": 28}[unit]


def _next(day: date, unit: str) -> date:
    if unit == "day":
        return day + DAY
    if unit == "week":
        return day + (7 - day.weekday()) * DAY
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def whole_window(wanted: Range, step: RangeStep, now: datetime, zone: ZoneInfo) -> DateWindow:
    """The window that the range is compared with. Today is compared with the same part of its day."""
    local = now.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    first, end = step.back(wanted.first), step.back(wanted.end)
    if not wanted.first <= local.date() < wanted.end:
        return DateWindow(first, end)
    day = step.back(local.date())
    if not step.has(local.date()):
        return DateWindow(first, day)
    return DateWindow(first, day + DAY, datetime.combine(day, local.time()))


def periods(
    wanted: Range, unit: str, today: date, step: RangeStep | None, whole: DateWindow | None
) -> tuple[Period, ...]:
    """The periods of the range, oldest first, each with its part of the window `whole`."""
    firsts = starts(wanted, unit)
    bounds = zip(firsts, [*firsts[1:], wanted.end], strict=True)
    return tuple(
        Period(first, end, first <= today < end, _window(first, end, unit, step, whole) if step and whole else None)
        for first, end in bounds
    )


def _window(first: date, end: date, unit: str, step: RangeStep, whole: DateWindow) -> DateWindow | None:
    """A day is compared with one day, also where the month before is longer."""
    begins, ends = step.back(first), min(step.back(end), whole.end)
    if unit == "day":
        ends = min(ends, begins + DAY)
    if begins >= ends or (unit == "day" and not step.has(first)):
        return None
    return DateWindow(begins, ends, whole.until if whole.until and ends == whole.end else None)


def bounds_of(windows: Iterator[DateWindow], whole: DateWindow) -> list[date]:
    """The days at which the sums of the windows begin and end, the first day of the whole first."""
    found = {whole.first, *(day for window in windows for day in (window.first, window.end) if day < whole.end)}
    return sorted(found)


def span(window: DateWindow | Range) -> Span:
    return Span(window.first, window.end, window.until if isinstance(window, DateWindow) else None)
