"""The style of a file's values: its decimal mark, the order of its dates, and the zone of its times.

A format has a style of its own; options of the command override it.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ..language import gettext as _
from .errors import FileRefused

POINT, COMMA, AUTO = "point", "comma", "auto"
DECIMALS = (AUTO, POINT, COMMA)
ISO, YMD, DMY, MDY, EXCEL, EPOCH = DATES = ("iso", "ymd", "dmy", "mdy", "excel", "epoch")


@dataclass(frozen=True)
class ValueStyle:
    """`decimal` is one of DECIMALS. `auto` is undecided: an amount that depends on the mark is invalid.

    `dates` is one of DATES; None reads only dates that are clear by themselves. `zone` is the IANA name of the zone of times
    without one; None is the tenant's.
    """

    decimal: str = AUTO
    dates: str | None = None
    zone: str | None = None

    def overridden(self, decimal: str | None = None, dates: str | None = None, zone: str | None = None) -> ValueStyle:
        """The style with the given values in place of its own. Raises FileRefused for a value that is not allowed."""
        for option, value, allowed in (("--decimal", decimal, DECIMALS), ("--dates", dates, DATES)):
            if value is not None and value not in allowed:
                raise FileRefused(
                    _(
                        "%(option)s %(value)r is unknown; allowed: %(allowed)s.",
                        option=option,
                        value=value,
                        allowed=", ".join(allowed),
                    )
                )
        if zone is not None:
            _check_zone(zone)
        return ValueStyle(decimal or self.decimal, dates or self.dates, zone or self.zone)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise FileRefused(
            _(
                "--zone %(name)r is not a time zone; allowed: a name of the tz database, such as UTC, "
                "Europe/Berlin or America/Los_Angeles.",
                name=name,
            )
        ) from None
