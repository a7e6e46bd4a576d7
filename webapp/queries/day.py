"""The tenant's day: its start and end, and the same time yesterday and a week ago. All queries use these bounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# Orders dated later than this from now are in the future. The clocks of programs that write orders may be minutes ahead.
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Today:
    """The bounds of today, yesterday and the same weekday last week in UTC, half-open.

    A day with a clock change has 23 or 25 hours. `yesterday_now` is yesterday at the present wall-clock minute, so a comparison
    is fair at every hour; `last_week_now` is a week ago. They change once per minute, so that all pages within the minute show
    the same.
    """

    date: date
    now: datetime
    start: datetime
    end: datetime
    yesterday_start: datetime
    yesterday_now: datetime
    last_week_start: datetime
    last_week_now: datetime

    @property
    def bounds(self) -> dict[str, Any]:
        """The bounds as SQL parameters."""
        names = ("start", "end", "yesterday_start", "yesterday_now", "last_week_start", "last_week_now")
        return {name: getattr(self, name) for name in names}


def today(zone_name: str, now: datetime) -> Today:
    """The day of `now` (aware) in the IANA zone `zone_name`."""
    zone = ZoneInfo(zone_name)
    local = now.astimezone(zone)
    day, clock = local.date(), local.time().replace(second=0, microsecond=0)
    yesterday, last_week = day - timedelta(days=1), day - timedelta(days=7)
    return Today(
        date=day,
        now=now,
        start=midnight(day, zone),
        end=midnight(day + timedelta(days=1), zone),
        yesterday_start=midnight(yesterday, zone),
        yesterday_now=instant(yesterday, clock, zone),
        last_week_start=midnight(last_week, zone),
        last_week_now=instant(last_week, clock, zone),
    )


def ahead_from(now: datetime) -> datetime:
    """The time after which an order counts as dated in the future."""
    return now + AHEAD


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day`, even if its clocks skip midnight."""
    return instant(day, time.min, zone)


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local time. Ambiguous: the first. Nonexistent: the moment of the jump."""
    before = datetime.combine(day, clock, zone).astimezone(UTC)  # with the offset before a change
    after = datetime.combine(day, clock.replace(fold=1), zone).astimezone(UTC)
    if after >= before:  # not skipped
        return before
    # The time is skipped: the two instants bracket the jump, which is found by bisection.
    while before - after > timedelta(microseconds=1):
        middle = after + (before - after) / 2
        if middle.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
            after = middle
        else:
            before = middle
    return before.replace(microsecond=0)
