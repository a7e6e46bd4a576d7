"""The course of a figure over today's hours, for the line in its tile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Trend:
    """The value of each hour of today's clock, until the present hour. None in an hour without a value."""

    values: tuple[int | None, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(self.values)


def until_now(found: Mapping[str, int] | None, zone_name: str, now: datetime, empty: int | None = 0) -> Trend:
    """`found` has the values by hour, as JSON has them; hours without a value get `empty`."""
    present = now.astimezone(ZoneInfo(zone_name)).hour
    return Trend(tuple((found or {}).get(str(hour), empty) for hour in range(present + 1)))
