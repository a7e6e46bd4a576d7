"""The tenant's day: when it begins and ends, and the same time yesterday. All queries take their bounds from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# An order dated later than this is one of the future. Clocks of the shops that write orders may be some minutes ahead.
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Today:
    """Bounds in UTC, each half-open. A day has 23 to 25 hours where clocks change.

    `yesterday_now` is yesterday at the wall-clock minute of now, so a comparison is fair at every hour of the day. It moves
    once per minute: between two minutes a page that was renewed shows what a page opened later shows.
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
    return Today(
        date=day,
        now=now,
        start=midnight(day, zone),
        end=midnight(day + timedelta(days=1), zone),
        yesterday_start=midnight(day - timedelta(days=1), zone),
        yesterday_now=instant(day - timedelta(days=1), local.time().replace(second=0, microsecond=0), zone),
    )


def ahead_from(now: datetime) -> datetime:
    """From when on the time of an order lies in the future."""
    return now + AHEAD


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day`, also where its clocks skip midnight."""
    return instant(day, time.min, zone)


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When the wall clock showed this, in UTC. Of a time shown twice the first; for one skipped, when it was skipped."""
    before = datetime.combine(day, clock, zone).astimezone(UTC)  # as if the clocks had not gone forward yet
    after = datetime.combine(day, clock.replace(fold=1), zone).astimezone(UTC)
    if after >= before:  # no change here, or a time shown twice
        return before
    while before - after > timedelta(microseconds=1):  # skipped: the change lies between the two, which bracket it
        middle = after + (before - after) / 2
        if middle.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
            after = middle
        else:
            before = middle
    return before.replace(microsecond=0)
