"""The days on which a company works, and the part of a day's revenue that is usually made by a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .day import instant, midnight

HOURS = 24
# Without enough history a day's target is spread evenly over these hours of the clock.
FIRST_HOUR, LAST_HOUR = 9, 17
EVEN_COURSE = tuple(float(FIRST_HOUR <= hour <= LAST_HOUR) for hour in range(HOURS))


@dataclass(frozen=True)
class WorkCalendar:
    """`weekdays` are ISO numbers (1 is Monday); `holidays` are names by date."""

    weekdays: frozenset[int]
    holidays: Mapping[date, str]

    def is_working(self, day: date) -> bool:
        return day.isoweekday() in self.weekdays and day not in self.holidays

    def count(self, first: date, last: date) -> int:
        """The working days from `first` to `last`, both included."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return sum(self.is_working(day) for day in days)


def part_of_day(course: Sequence[float], now: datetime, zone: ZoneInfo) -> float:
    """The part of a day's revenue that is usually made until `now`, from 0 to 1.

    `course` has the usual revenue of each hour of the clock. An hour that a clock change repeats is one hour of double length,
    so the part never decreases.
    """
    hours = [max(0.0, hour) for hour in course]
    if not any(hours):
        hours = list(EVEN_COURSE)
    local = now.astimezone(zone)
    day, hour = local.date(), local.hour
    begins = instant(day, time(hour), zone)
    ends = instant(day, time(hour + 1), zone) if hour + 1 < HOURS else midnight(day + timedelta(days=1), zone)
    part_of_hour = (now - begins) / (ends - begins) if ends > begins else 0.0
    made = sum(hours[:hour]) + hours[hour] * min(max(part_of_hour, 0.0), 1.0)
    return made / sum(hours)
