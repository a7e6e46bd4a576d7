"""Strict parsers of cells: an ambiguous text raises ValueInvalid with a message of what is allowed.

A parser gets a raw cell and returns an int, or text escaped for COPY's text format; NULL for an empty cell. Files repeat
their dates, prices and names, so each parser caches its last few thousand results.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from ..language import gettext as _
from ..models import EMAIL_MAX_CHARS, TEXT_MAX_CHARS
from . import currency_units, zones
from .amounts import AmountParser
from .dates import DateParser
from .errors import ValueInvalid
from .value_style import ValueStyle

# Cached results per parser; about 1 MB each when full.
CACHE_SIZE = 8_192
NULL = "\\N"  # in COPY's text format
# Words for an empty cell. Names of people, such as Null and Nan, are not among them.
NULL_WORDS = frozenset(
    [
        *("NULL", "null", "(null)", "(NULL)", "<null>", "<NULL>", "[NULL]", "#NULL!", NULL, "None", "none", "NONE"),
        *("N/A", "n/a", "#N/A", "n.a.", "N.A.", "nan", "NaN", "NAN", "NaT", "nil", "-", "--", "–", "—"),
    ]
)
NUMBER_MAX_CHARS = 64
QUANTITY_DIGITS = 3  # order_lines.quantity
RATE_DIGITS = 6
# The usual form of an export, with the years 1901 to 2199. PostgreSQL reads it as it is.
_COMPLETE = (
    r"(?=19[1-9]|190[1-9]|20|21)[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-][0-9]{2}(?::[0-9]{2})?)"
)
COMPLETE_INSTANT = re.compile(_COMPLETE)
COMPLETE_COLUMN = re.compile(rf"(?:{_COMPLETE}\n)*")
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
# Excel's text cell: ="00123".
FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"')


class _CellCache(dict[str, int | str]):
    """The values of cells, by the cell. `[cell]` parses a new cell: faster than functools.lru_cache."""

    def __init__(self, parse: Callable[[str], int | str], null_words: frozenset[str]) -> None:
        super().__init__()
        self.parse = parse
        self.null_words = null_words

    def __missing__(self, cell: str) -> int | str:
        text = cell.strip()
        if text.startswith("="):
            text = unwrapped(text)
        value = NULL if not text or text in self.null_words else self.parse(text)
        if len(self) >= CACHE_SIZE:
            self.clear()
        self[cell] = value
        return value


class CellParsers:
    """The parsers for one tenant's time zone and currency, and the style of the file's values.

    `money` and `quantity` refuse negative values; `signed_money` and `signed_quantity` parse them.
    """

    def __init__(self, timezone: str, currency: str, style: ValueStyle | None = None) -> None:
        self.style = style or ValueStyle()
        self.zone = ZoneInfo(self.style.zone or timezone)
        self.tenant_currency = currency
        self.digits = get_currency_precision(currency)
        self.money_digits = _("%(currency)s has %(digits)s", currency=currency, digits=self.digits)
        self.amounts = AmountParser(currency, self.style.decimal)
        # A customer or a product may have any name.
        self.text = self._cached(self._text, frozenset())
        self.optional_text = self._cached(self._text)
        self.money = self._cached(self._money)
        self.signed_money = self._cached(self._signed_money)
        self.quantity = self._cached(self._quantity)
        self.signed_quantity = self._cached(self._signed_quantity)
        self.rate = self._cached(self._rate)
        self.email = self._cached(self._email)
        self.currency = self._cached(self._currency)
        self._instants: dict[str, Callable[[str], int | str]] = {}
        self.instant = self.instant_of("")

    @staticmethod
    def _cached(
        parse: Callable[[str], int | str], null_words: frozenset[str] = NULL_WORDS
    ) -> Callable[[str], int | str]:
        return _CellCache(parse, null_words).__getitem__

    def instant_of(self, column: str) -> Callable[[str], int | str]:
        """The parser of times in the column of that name, which may give their zone: "Created (UTC)"."""
        zone = zones.of_column(column) or self.zone
        key = str(zone)
        if key not in self._instants:
            dates = DateParser(self.style.dates, zone)
            self._instants[key] = self._cached(lambda text: _instant(dates, text))
        return self._instants[key]

    def numbers(self, cells: Sequence[str]) -> Sequence[str]:
        """`number` of each cell."""
        text = "".join(cells)
        # Then a number is its cell. Of all white space only a blank is printable.
        is_plain = text.isprintable() and not (" " in text or "\\" in text or '="' in text or "" in cells)
        if is_plain and max(map(len, cells)) <= NUMBER_MAX_CHARS and NULL_WORDS.isdisjoint(cells):
            return cells
        return list(map(self.number, cells))

    def instants(self, cells: Sequence[str], parse: Callable[[str], int | str]) -> Sequence[int | str]:
        """`parse` of each cell. A column of complete instants, most of them different, takes half of the time."""
        given = list(filter(None, cells))
        if COMPLETE_COLUMN.fullmatch("\n".join([*given, ""])):
            try:
                # Whether the days and hours exist.
                deque(map(datetime.fromisoformat, given), maxlen=0)
            except ValueError:
                pass
            else:
                return cells if len(given) == len(cells) else [cell or NULL for cell in cells]
        return list(map(parse, cells))

    def number(self, cell: str) -> str:
        text = unwrapped(cell)
        if not text or text in NULL_WORDS:
            return NULL
        if len(text) > NUMBER_MAX_CHARS:
            raise ValueInvalid(
                _(
                    "%(text)r has %(count)s characters; allowed: up to %(most)s",
                    text=text[:20] + "…",
                    count=len(text),
                    most=NUMBER_MAX_CHARS,
                )
            )
        if not text.isprintable():
            raise ValueInvalid(
                _("%(text)r contains a non-printable character; allowed: letters, digits and punctuation", text=text)
            )
        return text.replace("\\", "\\\\")

    def _text(self, text: str) -> str:
        if len(text) > TEXT_MAX_CHARS:
            raise ValueInvalid(
                _(
                    "%(text)r has %(count)s characters; allowed: up to %(most)s",
                    text=text[:20] + "…",
                    count=f"{len(text):,}",
                    most=TEXT_MAX_CHARS,
                )
            )
        return copy_escape(text)

    def _currency(self, text: str) -> str:
        if self.tenant_currency not in currency_units.currencies(text):
            raise ValueInvalid(
                _(
                    "%(text)r is not the board's currency; allowed: %(currency)s",
                    text=text,
                    currency=self.tenant_currency,
                )
            )
        return self.tenant_currency

    def _signed_money(self, text: str) -> int:
        return self.amounts.scaled(text, self.digits, self.money_digits)

    def _money(self, text: str) -> int:
        """Minor units."""
        return _not_negative(self.amounts.scaled(text, self.digits, self.money_digits), text)

    def _signed_quantity(self, text: str) -> int:
        """Thousandths; negative for a return."""
        thousandths = self.amounts.scaled(
            text,
            QUANTITY_DIGITS,
            _("a quantity has up to %(most)s", most=QUANTITY_DIGITS),
            has_unit=False,
        )
        if not thousandths or not -(10**14) < thousandths < 10**14:
            raise ValueInvalid(
                _("%(text)r is out of range; allowed: more than 0 and less than 100,000,000,000", text=text)
            )
        return thousandths

    def _quantity(self, text: str) -> int:
        return _not_negative(self._signed_quantity(text), text)

    def _rate(self, text: str) -> int:
        """Millionths."""
        millionths = self.amounts.scaled(
            text, RATE_DIGITS, _("a rate has up to %(most)s", most=RATE_DIGITS), has_unit=False
        )
        if _not_negative(millionths, text) > 10**RATE_DIGITS:
            raise ValueInvalid(_("%(text)r is more than 1; allowed: 0 to 1, such as 0.15 for 15 %%", text=text))
        return millionths

    def _email(self, text: str) -> str:
        if len(text) > EMAIL_MAX_CHARS:
            raise ValueInvalid(
                _(
                    "%(text)r has %(count)s characters; allowed: up to %(most)s",
                    text=text[:20] + "…",
                    count=f"{len(text):,}",
                    most=EMAIL_MAX_CHARS,
                )
            )
        if not EMAIL.fullmatch(text):
            raise ValueInvalid(_("%(text)r is not an e-mail address; allowed: one such as ana@example.com", text=text))
        return copy_escape(text.lower())


def _instant(dates: DateParser, text: str) -> str:
    if COMPLETE_INSTANT.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return text
    return dates.parse(text) or NULL


def _not_negative(value: int, text: str) -> int:
    if value < 0:
        raise ValueInvalid(_("%(text)r is negative; allowed: 0 or more", text=text))
    return value


def unwrapped(cell: str) -> str:
    """The text of a cell, without blanks around it and without Excel's ="…"."""
    text = cell.strip()
    if text.startswith('="') and (found := FORMULA_TEXT.fullmatch(text)):
        return found[1].replace('""', '"').strip()
    return text


def copy_escape(text: str) -> str:
    """The text escaped for COPY's text format."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
