"""Zones of times: those that end a text (UTC, +01:00, PST), and those that a column's name gives ("Created (UTC)")."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..language import gettext as _
from .errors import ValueInvalid

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])([0-9]{1,2}):?([0-9]{2})?", re.IGNORECASE)
# As a word, or at the end of createdAtUtc.
_IN_COLUMN = re.compile(
    r"(?:(?<![A-Za-z])(?:[Uu][Tt][Cc]|[Gg][Mm][Tt])|(?<=[a-z])U(?:tc|TC))(?![A-Za-z])"
    r"(?: ?([+-][0-9]{1,2}(?::?[0-9]{2})?))?"
)
# Hours from UTC of abbreviations with one meaning. Others, such as PST, EST, CST, IST and BST, have several.
_HOURS = {
    **dict.fromkeys(("UTC", "GMT", "Z", "WET"), 0),
    **dict.fromkeys(("CET", "WEST", "MEZ"), 1),
    **dict.fromkeys(("CEST", "EET", "MESZ", "SAST"), 2),
    **dict.fromkeys(("EEST", "MSK"), 3),
    **dict.fromkeys(("JST", "KST"), 9),
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
    "EDT": -4,
    "MDT": -6,
    "PDT": -7,
}
MAX_HOURS = 15


def of_column(name: str) -> tzinfo | None:
    """The zone that a column's name gives, such as UTC of `Created (UTC)` and `date_created_gmt`; else None."""
    found = _IN_COLUMN.search(name)
    return _fixed(found[1] or "+0") if found else None


def of_text(zone: str, local: datetime, around: tzinfo) -> tzinfo:
    """The zone at the end of a time. An abbreviation that the zone `around` uses in that year has its meaning there.

    Raises ValueInvalid for an abbreviation with several meanings or none; its text follows the value.
    """
    if fixed := _fixed(zone):
        return fixed
    name = zone.upper()
    if isinstance(around, ZoneInfo) and name in (own := _abbreviations(around, local.year)):
        return timezone(own[name])
    if name in _HOURS:
        return timezone(timedelta(hours=_HOURS[name]))
    raise ValueInvalid(
        _(
            "has the zone %(zone)r, which is unknown or has several meanings; write the offset, such as "
            "-08:00, or name the zone of the file's times, such as --zone America/Los_Angeles",
            zone=zone,
        )
    )


def _fixed(offset: str) -> timezone | None:
    found = _OFFSET.fullmatch(offset)
    if found is None or int(found[2]) > MAX_HOURS or int(found[3] or 0) > 59:
        return None
    length = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-length if found[1] == "-" else length)


@lru_cache(maxsize=64)
def _abbreviations(zone: ZoneInfo, year: int) -> dict[str, timedelta]:
    """The abbreviations of the zone in winter and in summer of the year, with their offsets."""
    found: dict[str, timedelta] = {}
    for month in (1, 7):
        moment = datetime(year, month, 15, tzinfo=zone)
        name, offset = moment.tzname(), moment.utcoffset()
        if name and name.isalpha() and offset is not None:
            found[name.upper()] = offset
    return found
