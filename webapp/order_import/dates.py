"""Dates and times as people and programs write them, read into moments. A date that can be two days is invalid."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo

from ..language import N_
from ..language import gettext as _
from . import zones
from .errors import ValueInvalid
from .month_names import MONTHS
from .value_style import DMY, EPOCH, EXCEL, ISO, MDY, YMD

YEARS = range(1900, 2200)
MAX_CHARS = 80
# Empty dates of MySQL, .NET, SQL Server and Excel.
ZERO_DAYS = {(0, 0, 0), (1, 1, 1), (1753, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 0), (1900, 1, 1)}
# Day 0 of Excel's serial numbers, after 1900-02-29, which Excel counts.
_EXCEL_EPOCH = datetime(1899, 12, 30)
_EXCEL_FIRST, _EXCEL_LAST = 61, 109_573
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A smaller number is not a time of an order. Seconds have fewer digits than milliseconds until the year 5138.
_SECONDS_FROM = 10**8
_MILLISECONDS_FROM = 10**11

_DAY = {
    "ymd": r"(?P<y>[0-9]{4})(?P<mark>[-/.])(?P<m>[0-9]{1,2})(?P=mark)(?P<d>[0-9]{1,2})",
    "numbers": r"(?P<a>[0-9]{1,2})(?P<mark>[-/.]) ?(?P<b>[0-9]{1,2})(?P=mark) ?(?P<c>[0-9]{4}|[0-9]{2})",
    "day_month": r"(?P<d>[0-9]{1,2})(?:\.|st|nd|rd|th)?[ /-]?(?:de )?(?P<month>[^\W\d_]{3,12})\.?,?[ /-]?(?:de )?"
    r"(?P<y>[0-9]{4}|[0-9]{2})",
    "month_day": r"(?P<month>[^\W\d_]{3,12})\.?[ /-](?P<d>[0-9]{1,2})(?:st|nd|rd|th)?(?:,? |[/-])(?P<y>[0-9]{4}|[0-9]{2})",
    "year_month": r"(?P<y>[0-9]{4})[ /-](?P<month>[^\W\d_]{3,12})[ /-](?P<d>[0-9]{1,2})",
    "compact": r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
}
_CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[ap])\.? ?m\.?)?(?: ?(?P<zone>z|(?:utc|gmt)?[+-][0-9]{1,2}(?::?[0-9]{2})?|[a-z]{2,5}))?"
)
_COMPACT_CLOCK = (
    r"(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2}):?(?P<second>[0-9]{2})(?P<fraction>)(?P<half>)"
    r"(?P<zone>z|[+-][0-9]{2}:?(?:[0-9]{2})?)?"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?"
_WHOLE = {
    kind: re.compile(
        rf"{_WEEKDAY}{day}(?:(?:t|,? | at |, at ){_COMPACT_CLOCK if kind == 'compact' else _CLOCK})?", re.IGNORECASE
    )
    for kind, day in _DAY.items()
}
_ISO_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?")
_NUMBER = re.compile(r"([0-9]{1,17})(?:[.,]([0-9]{1,15}))?")
ALLOWED = N_("allowed: 1996-07-04, 1996-07-04 14:30 or 1996-07-04T14:30:00+02:00")


class DateParser:
    """Parses dates of one style. `zone` is that of times without one."""

    def __init__(self, style: str | None, zone: tzinfo) -> None:
        self.style = style
        self.zone = zone

    def parse(self, text: str) -> str:
        """The moment as ISO 8601 with an offset; "" for a zero date. A date is its midnight. Raises ValueInvalid.

        An ambiguous local time means the first; a nonexistent one is invalid.
        """
        # The usual form of local times, read in less time than the others.
        if _ISO_LOCAL.fullmatch(text):
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                moment = datetime.min
            if moment.year > YEARS[0]:
                return self._moment(moment, self.zone, len(text) > len("2026-11-20"), text)
        plain = " ".join(text.split()) if len(text) <= MAX_CHARS else ""
        try:
            if self.style in (EXCEL, EPOCH) and (number := _NUMBER.fullmatch(plain)):
                return self._counted(number, text)
            return self._written(plain, text)
        except (ValueError, OverflowError) as error:
            if isinstance(error, ValueInvalid):
                raise
            problem = _("%(text)r is not a date", text=_shown(text))
            raise ValueInvalid(f"{problem}; {_(ALLOWED)}{_advice(plain, self.style)}") from None

    def _written(self, plain: str, text: str) -> str:
        for kind, pattern in _WHOLE.items():
            found = pattern.fullmatch(plain)
            if found is None or (kind == "compact" and self.style not in (ISO, YMD)):
                continue
            parts = found.groupdict()
            year, month, day = self._day(kind, parts)
            has_clock = parts["hour"] is not None
            is_midnight = not has_clock or not int(parts["hour"] + parts["minute"] + (parts["second"] or ""))
            if (year, month, day) in ZERO_DAYS and is_midnight:
                return ""
            moment = datetime(year, month, day)
            if has_clock:
                moment += _time_of_day(parts)
            zone = self.zone
            if parts["zone"]:
                try:
                    zone = zones.of_text(parts["zone"], moment, self.zone)
                except ValueInvalid as error:
                    raise ValueInvalid(f"{text!r} {error}") from None
            return self._moment(moment, zone, has_clock, text)
        raise ValueError

    def _day(self, kind: str, parts: dict[str, str]) -> tuple[int, int, int]:
        if kind in ("ymd", "compact"):
            return int(parts["y"]), int(parts["m"]), int(parts["d"])
        if "month" in parts:
            # Month 0 is not valid.
            return _full_year(parts["y"]), MONTHS.get(_unaccented(parts["month"]), 0), int(parts["d"])
        a, b, c = parts["a"], parts["b"], parts["c"]
        if not (int(a) or int(b) or int(c)):
            return 0, 0, 0
        if self.style == DMY:
            return _full_year(c), int(b), int(a)
        if self.style == MDY:
            return _full_year(c), int(a), int(b)
        if self.style == YMD and len(a) == len(c) == 2:
            return _full_year(a), int(b), int(c)
        raise ValueError

    def _moment(self, moment: datetime, zone: tzinfo, has_clock: bool, text: str) -> str:
        _check_range(moment.year, text)
        aware = moment.replace(tzinfo=zone)
        utc = aware.astimezone(UTC)
        _check_range(utc.year, text)
        # A midnight may not exist (Cairo, Beirut): then the day begins when the clocks have moved.
        if has_clock and utc.astimezone(zone).replace(tzinfo=None) != moment:
            raise ValueInvalid(
                _(
                    "%(text)r does not exist in %(zone)s: the clocks skipped it; give the time with its offset, such "
                    "as %(moment)s+00:00",
                    text=text,
                    zone=getattr(zone, "key", zone),
                    moment=f"{moment:%Y-%m-%dT%H:%M}",
                )
            )
        return utc.isoformat()

    def _counted(self, number: re.Match[str], text: str) -> str:
        whole, digits = int(number[1]), number[2] or ""
        fraction = float(f"0.{digits or 0}")
        if not whole and not fraction:
            return ""
        if self.style == EPOCH:
            if whole < _SECONDS_FROM:
                raise ValueInvalid(
                    _(
                        "%(text)r is out of range; allowed with --dates epoch: %(seconds_from)s (1973) or more",
                        text=text,
                        seconds_from=f"{_SECONDS_FROM:,}",
                    )
                )
            unit = timedelta(milliseconds=1) if whole >= _MILLISECONDS_FROM else timedelta(seconds=1)
            moment = _EPOCH + whole * unit + fraction * unit
            _check_range(moment.year, text)
            return moment.isoformat()
        if not _EXCEL_FIRST <= whole < _EXCEL_LAST:
            raise ValueInvalid(
                _(
                    "%(text)r is out of range; allowed with --dates excel: %(excel_first)s (1900-03-01) to "
                    "%(excel_last)s",
                    text=text,
                    excel_first=_EXCEL_FIRST,
                    excel_last=_EXCEL_LAST - 1,
                )
            )
        clock = _part_of_day(fraction, len(digits))
        return self._moment(_EXCEL_EPOCH + timedelta(days=whole) + clock, self.zone, bool(clock), text)


def _part_of_day(fraction: float, digits: int) -> timedelta:
    """The whole second if the digits cannot tell it from the fraction, else milliseconds, as Excel rounds."""
    seconds = fraction * 86_400
    if abs(seconds - round(seconds)) <= 86_400 / 10**digits:
        return timedelta(seconds=round(seconds))
    return timedelta(milliseconds=round(seconds * 1000))


def _time_of_day(parts: dict[str, str]) -> timedelta:
    hour, minute, second = int(parts["hour"]), int(parts["minute"]), int(parts["second"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    nanoseconds = int((parts["fraction"] or "0").ljust(9, "0"))
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=(nanoseconds + 500) // 1000)


def _full_year(year: str) -> int:
    return int(year) if len(year) == 4 else 2000 + int(year)


def _unaccented(name: str) -> str:
    return unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()


def _check_range(year: int, text: str) -> None:
    if year not in YEARS:
        raise ValueInvalid(
            _(
                "%(text)r is out of range; allowed: the years %(first)s to %(last)s",
                text=text,
                first=YEARS[0],
                last=YEARS[-1],
            )
        )


def _advice(plain: str, style: str | None) -> str:
    """The option that would read the date, if there is one."""
    if number := _WHOLE["numbers"].fullmatch(plain):
        can_be: list[str] = []
        if int(number["b"]) <= 12:
            can_be.append(_("%(dmy)s if the day comes first", dmy=DMY))
        if int(number["a"]) <= 12:
            can_be.append(_("%(mdy)s if the month comes first", mdy=MDY))
        options = [option for option in can_be if not option.startswith(style or " ")]
        advice = _("Use --dates %(options)s", options=" or --dates ".join(options))
        return f". {advice}" if options else ""
    if plain.isalpha():
        advice = _(
            'A column of such words is a status: use --map status=Column and --status "%(word)s=paid"', word=plain
        )
        return f". {advice}"
    if style is None and _NUMBER.fullmatch(plain):
        advice = _(
            "Use --dates %(excel)s for Excel's serial numbers, %(epoch)s for seconds since 1970, %(ymd)s for 19960704",
            excel=EXCEL,
            epoch=EPOCH,
            ymd=YMD,
        )
        return f". {advice}"
    return ""


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
