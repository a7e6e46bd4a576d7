"""The words and dates of a history in the reader's locale: periods, windows of a comparison, changes in per cent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel.dates import format_date, format_interval, format_skeleton, format_time

from ..accounts.current import current_locale
from ..display.filters import money_text, number_text, percent_text
from ..language import gettext as _
from .periods import DateWindow, Period
from .ranges import DAY, Range


def period_text(period: Period | DateWindow, unit: str, year: int) -> str:
    """A period without the year where it is `year`: "Fri, 27 Nov", "23 – 29 Nov", "November 2026"."""
    first, last = period.first, period.last
    locale = current_locale()
    if unit == "month" and first.day == 1 and (last + DAY).day == 1 and (last - first).days < 31:
        return str(format_skeleton("yMMMM", first, locale=locale))
    if first == last:
        return str(format_skeleton("MMMEd" if first.year == year else "yMMMEd", first, locale=locale))
    return dates_text(first, last, year)


def dates_text(first: date, last: date, year: int | None = None) -> str:
    """Dates from first to last, with the year if it is not `year`: "1 – 27 Nov 2026"."""
    locale = current_locale()
    if first == last:
        return str(format_date(first, "medium", locale=locale))
    skeleton = "MMMd" if first.year == last.year == year else "yMMMd"
    return str(format_interval(first, last, skeleton, locale=locale))


def window_text(window: DateWindow, unit: str, year: int) -> str:
    """A window of the comparison, with its time where it ends within a day: "Tue, 27 Oct, until 14:31"."""
    text = period_text(window, unit, year)
    if window.until is None:
        return text
    clock = str(format_time(window.until.time(), "short", locale=current_locale()))
    return _("%(dates)s, until %(time)s", dates=text, time=clock)


def range_text(wanted: Range | DateWindow) -> str:
    return dates_text(wanted.first, wanted.last)


def value_text(value: int | None, measure: str) -> str:
    """A figure: money or a number of orders; a dash for an average of no orders."""
    if value is None:
        return "–"
    return number_text(value) if measure == "orders" else money_text(value)


# A smaller change is shown as 0%.
_LEAST = Decimal("0.0005")


@dataclass(frozen=True)
class ChangeText:
    """A change against a comparison: "+12.4%" and "more". The `kind` is "up", "down", "same" or "none"."""

    kind: str
    text: str = "–"
    words: str = ""


def change(value: int | None, compared: int | None) -> ChangeText:
    """The change in per cent, which needs a comparison above zero."""
    if value is None or compared is None or compared < 0 or (compared == 0 and value != 0):
        return ChangeText("none", words=_("no comparison"))
    if value == compared:
        return ChangeText("same", "0%" if compared else "–", _("the same"))
    ratio = Decimal(value - compared) / compared
    percent = percent_text(ratio)
    if abs(ratio) < _LEAST:
        return ChangeText("same", percent, _("about the same"))
    if value > compared:
        return ChangeText("up", f"+{percent}", _("more"))
    return ChangeText("down", f"−{percent}", _("less"))
