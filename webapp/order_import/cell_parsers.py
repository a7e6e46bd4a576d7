"""Strict parsers of cells: an ambiguous text raises ValueInvalid with a message of what is allowed.

A parser gets a raw cell and returns an int, or text escaped for COPY's text format; NULL for an empty cell. Files repeat
their dates, prices and names, so each parser caches its last few thousand results.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from ..models import EMAIL_MAX_CHARS, TEXT_MAX_CHARS
from ..money import MAX_MINOR
from .errors import ValueInvalid
from .signs import signed

# Cached results per parser; about 1 MB each when full.
CACHE_SIZE = 8_192
NULL = "\\N"  # in COPY's text format
NUMBER_MAX_CHARS = 64
QUANTITY_DIGITS = 3  # order_lines.quantity
RATE_DIGITS = 6
MAX_WHOLE_DIGITS = 15
POINT = re.compile(r"[0-9]+(\.[0-9]+)?")
COMMA = re.compile(r"([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?")
INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?) ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
# The usual form of an export. PostgreSQL reads it as it is.
_COMPLETE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
COMPLETE_INSTANT = re.compile(_COMPLETE)
# A column of them, with the years 1900 to 2199.
COMPLETE_COLUMN = re.compile(rf"(?:(?=19|20|21){_COMPLETE}\n)*")
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
YEARS = range(1900, 2200)


class _CellCache(dict[str, int | str]):
    """The values of cells, by the cell. `[cell]` parses a new cell: faster than functools.lru_cache."""

    def __init__(self, parse: Callable[[str], int | str]) -> None:
        super().__init__()
        self.parse = parse

    def __missing__(self, cell: str) -> int | str:
        text = cell.strip()
        value = self.parse(text) if text else NULL
        if len(self) >= CACHE_SIZE:
            self.clear()
        self[cell] = value
        return value


class CellParsers:
    """The parsers for one tenant's time zone and currency, and the file's decimal mark ("point" or "comma")."""

    def __init__(self, timezone: str, currency: str, decimal: str = "point") -> None:
        self.zone = ZoneInfo(timezone)
        self.tenant_currency = currency
        self.digits = get_currency_precision(currency)
        self.comma = decimal == "comma"
        self.text = self._cached(self._text)
        self.money = self._cached(self._money)
        self.signed_money = self._cached(signed(self._money))
        self.quantity = self._cached(signed(self._quantity))
        self.rate = self._cached(self._rate)
        self.instant = self._cached(self._instant)
        self.email = self._cached(self._email)
        self.currency = self._cached(self._currency)

    @staticmethod
    def _cached(parse: Callable[[str], int | str]) -> Callable[[str], int | str]:
        return _CellCache(parse).__getitem__

    def numbers(self, cells: Sequence[str]) -> Sequence[str]:
        """`number` of each cell."""
        text = "".join(cells)
        # Then a number is its cell. Of all white space only a blank is printable.
        is_plain = text.isprintable() and not (" " in text or "\\" in text or "" in cells)
        if is_plain and max(map(len, cells)) <= NUMBER_MAX_CHARS:
            return cells
        return list(map(self.number, cells))

    def instants(self, cells: Sequence[str]) -> Sequence[int | str]:
        """`instant` of each cell. A column of complete instants, most of them different, takes half of the time."""
        given = list(filter(None, cells))
        if COMPLETE_COLUMN.fullmatch("\n".join([*given, ""])):
            try:
                # Whether the days and hours exist.
                deque(map(datetime.fromisoformat, given), maxlen=0)
            except ValueError:
                pass
            else:
                return cells if len(given) == len(cells) else [cell or NULL for cell in cells]
        return list(map(self.instant, cells))

    def number(self, cell: str) -> str:
        text = cell.strip()
        if not text:
            return NULL
        if len(text) > NUMBER_MAX_CHARS:
            raise ValueInvalid(f"{text[:20] + '…'!r} has {len(text)} characters; allowed: up to {NUMBER_MAX_CHARS}")
        if not text.isprintable():
            raise ValueInvalid(f"{text!r} contains a non-printable character; allowed: letters, digits and punctuation")
        return text.replace("\\", "\\\\")

    def _text(self, text: str) -> str:
        if len(text) > TEXT_MAX_CHARS:
            raise ValueInvalid(f"{text[:20] + '…'!r} has {len(text):,} characters; allowed: up to {TEXT_MAX_CHARS}")
        return copy_escape(text)

    def _currency(self, text: str) -> str:
        if text.upper() != self.tenant_currency:
            raise ValueInvalid(f"{text!r} is not the board's currency; allowed: {self.tenant_currency}")
        return self.tenant_currency

    def _money(self, text: str) -> int:
        """Minor units."""
        return self._scaled(text, self.digits, f"{self.tenant_currency} has {self.digits}")

    def _quantity(self, text: str) -> int:
        """Thousandths."""
        thousandths = self._scaled(text, QUANTITY_DIGITS, f"a quantity has up to {QUANTITY_DIGITS}")
        if not 0 < thousandths < 10**14:
            raise ValueInvalid(f"{text!r} is out of range; allowed: more than 0 and less than 100,000,000,000")
        return thousandths

    def _rate(self, text: str) -> int:
        """Millionths."""
        millionths = self._scaled(text, RATE_DIGITS, f"a rate has up to {RATE_DIGITS}")
        if millionths > 10**RATE_DIGITS:
            raise ValueInvalid(f"{text!r} is more than 1; allowed: 0 to 1, such as 0.15 for 15 %")
        return millionths

    def _scaled(self, text: str, digits: int, allowed: str) -> int:
        if text.startswith("-"):
            raise ValueInvalid(f"{text!r} is negative; allowed: 0 or more")
        if not (COMMA if self.comma else POINT).fullmatch(text):
            raise ValueInvalid(self._not_a_number(text, digits))
        if self.comma:
            text = text.replace(".", "").replace(",", ".")
        whole, _, fraction = text.partition(".")
        if len(fraction) > digits:
            raise ValueInvalid(f"{text!r} has {len(fraction)} digits after the point; {allowed}")
        # Python refuses to convert thousands of digits.
        too_long = len(whole.lstrip("0")) > MAX_WHOLE_DIGITS
        if too_long or (scaled := int(whole[-MAX_WHOLE_DIGITS:] + fraction.ljust(digits, "0"))) > MAX_MINOR:
            raise ValueInvalid(f"{_shown(text)!r} is too large; allowed: up to {MAX_MINOR // 10**digits:,}")
        return scaled

    def _not_a_number(self, text: str, digits: int) -> str:
        mark = "," if self.comma else "."
        example = "1234" + (mark + "5".ljust(min(digits, 2), "0") if digits else "")
        hint = ""
        if "," in text and not self.comma:
            hint = " (if the file writes 12,50 for twelve and a half, use --decimal comma)"
        elif "." in text and self.comma:
            hint = " (if the file writes 12.50 for twelve and a half, omit --decimal comma)"
        return f"{text!r} is not a number; allowed: digits without spaces or signs, such as {example}{hint}"

    def _email(self, text: str) -> str:
        if len(text) > EMAIL_MAX_CHARS:
            raise ValueInvalid(f"{text[:20] + '…'!r} has {len(text):,} characters; allowed: up to {EMAIL_MAX_CHARS}")
        if not EMAIL.fullmatch(text):
            raise ValueInvalid(f"{text!r} is not an e-mail address; allowed: one such as ana@example.com")
        return copy_escape(text.lower())

    def _instant(self, text: str) -> str:
        """ISO 8601 with an offset. A date means midnight, and a time without an offset local time, in the tenant's zone.

        An ambiguous local time means the first; a nonexistent one is invalid.
        """
        try:
            if COMPLETE_INSTANT.fullmatch(text) and datetime.fromisoformat(text).year in YEARS:
                return text
            parts = INSTANT.fullmatch(text)
            if parts is None:
                raise ValueError
            day, clock, offset = parts.groups()
            whole = f"{day}T{clock or '00:00'}{'Z' if offset == 'UTC' else offset or ''}"
            moment = datetime.fromisoformat(whole)
        except ValueError:
            raise ValueInvalid(
                f"{text!r} is not a date; allowed: 1996-07-04, 1996-07-04 14:30 or 1996-07-04T14:30:00+02:00"
            ) from None
        if moment.year not in YEARS:
            raise ValueInvalid(f"{text!r} is out of range; allowed: the years {YEARS[0]} to {YEARS[-1]}")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.zone)
            # A midnight may not exist (Cairo, Beirut): then the day begins when the clocks have moved.
            if clock and moment.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != moment.replace(
                tzinfo=None
            ):
                raise ValueInvalid(
                    f"{text!r} does not exist in {self.zone.key}: the clocks skipped it; give the time with its offset, "
                    f"such as {day}T{clock}+00:00"
                )
            return moment.astimezone(UTC).isoformat()
        return whole


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def copy_escape(text: str) -> str:
    """The text escaped for COPY's text format."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
