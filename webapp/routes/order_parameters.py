"""The parameters of the orders page's address, read strictly: a filter, or a message for each value that is not valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from ..history import ranges
from ..language import gettext as _
from ..models import Tenant
from ..money import MoneyError, parse_minor
from ..queries.day import instant, midnight, today
from ..queries.order_filter import KINDS, STATUS_GROUPS, UNASSIGNED, Filter

NAMES = ("q", "by", "range", "from", "to", "status", "owner", "min", "max", "source")
PRESETS = {
    name: ranges.PRESETS[name] for name in ("today", "yesterday", "last_7", "last_30", "week", "month", "last_month")
}
MAX_CHARS = 200
# Orders have times from 1900 to 9000. A day's end must be in the calendar too.
YEARS = range(1900, 9000)
DAY = timedelta(days=1)
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class OrderParameters:
    """The filter of an address. `typed` has its parameters as they were written, without empty and default ones.

    `problems` has a message per parameter that is not valid; it is then missing in the filter. `dates` are the first and the
    last day of a preset.
    """

    filter: Filter
    typed: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    dates: tuple[date, date] | None = None


def limited(found: OrderParameters, owner_id: int) -> OrderParameters:
    """The parameters for a user who sees only the own orders: a salesperson in the address is ignored."""
    typed, problems = (
        {name: text for name, text in each.items() if name != "owner"} for each in (found.typed, found.problems)
    )
    return replace(found, filter=replace(found.filter, owner_id=owner_id), typed=typed, problems=problems)


class _Invalid(ValueError):
    """A value that is not valid; the message has the value, what is allowed and what to do."""


class _Reader:
    """Reads typed values one by one, and keeps the problems."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self.typed = typed
        self.problems: dict[str, str] = {}

    def read(self, name: str, parser: Callable[[str], _Value]) -> _Value | None:
        """The value of a parameter; None if it is empty or not valid."""
        try:
            return parser(self.typed[name]) if self.typed[name] else None
        except (_Invalid, MoneyError) as error:
            self.problems[name] = str(error)
            return None


def parse(written: Mapping[str, str], tenant: Tenant, now: datetime, locale: str) -> OrderParameters:
    """The parameters of an address, with the dates of a preset as of `now`. Amounts are written as in `locale`."""
    typed = {name: written.get(name, "").replace("\0", "").strip()[:MAX_CHARS] for name in NAMES}
    if typed["from"] or typed["to"]:
        typed["range"] = ""  # typed dates are more exact than a preset
    reader = _Reader(typed)
    dates = reader.read("range", lambda text: _preset(text, today(tenant.timezone, now).date))
    start, end = _range(reader, tenant, now, dates)
    low, high = (reader.read(name, lambda text: _amount(text, tenant, locale)) for name in ("min", "max"))
    if low is not None and high is not None and low > high:
        reader.problems["max"] = _(
            "The amounts end at %(end)s, below %(start)s. Type a larger end.", end=typed["max"], start=typed["min"]
        )
    wanted = Filter(
        words=typed["q"],
        status=reader.read("status", lambda text: _one_of(text, _("status"), STATUS_GROUPS)) or "",
        owner_id=reader.read("owner", _owner),
        by=reader.read("by", lambda text: _one_of(text, _("kind of date"), KINDS)) or "placed",
        start=start,
        end=end,
        min_minor=low,
        max_minor=high,
        source=typed["source"],
    )
    shown = {name: text for name, text in typed.items() if text and (name, text) != ("by", "placed")}
    return OrderParameters(wanted, shown, reader.problems, dates)


def _range(
    reader: _Reader, tenant: Tenant, now: datetime, dates: tuple[date, date] | None
) -> tuple[datetime | None, datetime | None]:
    """The instants of a preset's dates, or of the typed ones."""
    zone = ZoneInfo(tenant.timezone)
    if dates:
        return midnight(dates[0], zone), midnight(dates[1] + DAY, zone)
    example = today(tenant.timezone, now).date
    start = reader.read("from", lambda text: _instant(text, zone, example, 0 * DAY))
    end = reader.read("to", lambda text: _instant(text, zone, example, DAY))
    # The hour that a clock change skips is a range without time in it.
    if start and end and (start > end or (start == end and "T" not in reader.typed["from"])):
        typed = reader.typed
        reader.problems["to"] = _(
            "The dates end at %(end)s, before %(start)s. Choose a later end.", end=typed["to"], start=typed["from"]
        )
    return start, end


def _one_of(text: str, what: str, allowed: Mapping[str, object] | tuple[str, ...]) -> str:
    if text not in allowed:
        raise _Invalid(
            _(
                "The %(what)s '%(text)s' is not valid. Use one of: %(allowed)s.",
                what=what,
                text=text[:80],
                allowed=", ".join(allowed),
            )
        )
    return text


def _owner(text: str) -> int:
    if text == "none":
        return UNASSIGNED
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text)):
        raise _Invalid(_("The salesperson '%(text)s' is not valid. Choose one from the list, or none.", text=text[:80]))
    return int(text)


def _amount(text: str, tenant: Tenant, locale: str) -> int:
    """The amount as the page's locale writes it, else as the tenant's does: a colleague may have shared the address."""
    try:
        minor = parse_minor(text, tenant.currency, locale)
    except MoneyError as refused:
        try:
            minor = parse_minor(text, tenant.currency, tenant.locale)
        except MoneyError:
            raise refused from None
    if minor < 0:
        raise _Invalid(
            _("The amount '%(text)s' is negative. Totals are 0 or more: type a positive amount.", text=text[:40])
        )
    return minor


def _instant(text: str, zone: ZoneInfo, example: date, after: timedelta) -> datetime:
    """The instant of a local time, or of the midnight that begins the day `after` a date."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None or moment.year not in YEARS:
            raise ValueError
    except ValueError:
        raise _Invalid(
            _(
                "The date '%(text)s' is not valid. Write it like %(day)s or %(day)sT14:30, from %(first)s to %(last)s.",
                text=text[:40],
                day=example,
                first=YEARS[0],
                last=YEARS[-1],
            )
        ) from None
    return instant(moment.date(), moment.time(), zone) if "T" in text else midnight(moment.date() + after, zone)


def _preset(text: str, day: date) -> tuple[date, date]:
    """The first and the last day of a preset on this day. Weeks begin on Monday."""
    _one_of(text, _("range of dates"), PRESETS)
    if text in ("last_7", "last_30"):
        return day - (int(text.removeprefix("last_")) - 1) * DAY, day
    if text == "week":
        monday = day - day.weekday() * DAY
        return monday, monday + 6 * DAY
    if text == "last_month":
        last = day.replace(day=1) - DAY
        return last.replace(day=1), last
    if text == "month":
        first = day.replace(day=1)
        return first, (first + 31 * DAY).replace(day=1) - DAY
    return (day, day) if text == "today" else (day - DAY, day - DAY)
