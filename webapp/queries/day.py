"""The tenant's day: when it begins and ends, and the same time yesterday. All queries take their bounds from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Today:
    """Bounds in UTC, each half-open. A day has 23 to 25 hours where clocks change.

    `yesterday_now` is yesterday at the wall-clock time of now, so a comparison is fair at every hour of the day.
    """

    date: date
    now: datetime
    start: datetime
    end: datetime
    yesterday_start: datetime
    yesterday_now: datetime

    @property
    def bounds(self) -> dict[str, Any]:
        """The bounds as SQL parameters."""
        names = ("start", "end", "yesterday_start", "yesterday_now")
        return {name: getattr(self, name) for name in names}


def today(zone_name: str, now: datetime) -> Today:
    """The day of `now` (aware) in the IANA zone `zone_name`."""
    zone = ZoneInfo(zone_name)
    local = now.astimezone(zone)
    day = local.date()
    # A wall-clock time that yesterday's clocks skipped means the instant they were put forward to; one that they showed
    # twice means the first.
    yesterday_now = datetime.combine(day - timedelta(days=1), local.time(), zone).astimezone(UTC)
    return Today(
        date=day,
        now=now,
        start=midnight(day, zone),
        end=midnight(day + timedelta(days=1), zone),
        yesterday_start=midnight(day - timedelta(days=1), zone),
        yesterday_now=yesterday_now,
    )


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day`. Where clocks go forward at midnight, that is what the skipped hour maps to."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
