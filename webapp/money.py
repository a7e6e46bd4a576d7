"""Money: strict parsing of texts into integer minor units (cents), and formatting in a locale. Never a float.

The digits of a currency come from Babel (CLDR): EUR 2, JPY 0, KWD 3.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import (
    format_currency,
    get_currency_precision,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
    get_territory_currencies,
)

from .language import gettext as _
from .language import ngettext

# Ten trillion in cents: a larger amount is a mistake, and sums of many amounts still fit a bigint.
MAX_MINOR = 10**15
# Spaces in use where CLDR has a narrow no-break space.
_SPACES = "\u0020\u00a0\u2009\u202f"
_BLANKS = _SPACES + "\t\r\n"
_MINUS = "-\u2212"  # as typed, and as typeset
_APOSTROPHES = "'\u2019"


class MoneyError(ValueError):
    """The text is not a valid amount; the message has the value, what is allowed and what to do."""


def parse_minor(text: str, currency: str, locale: str | None = None) -> int:
    """The amount in minor units; negative only with a leading minus. Raises MoneyError.

    Without a locale: digits and a decimal point, without a thousands separator ("1234.50"). With a locale: its decimal sign,
    its thousands separator at exactly the right places, and the currency's code or symbol before or after. Nothing is
    guessed: "1.234" is 1234 in German; in English it has three decimals, which EUR does not allow.
    """
    digits = get_currency_precision(currency)
    number = text.strip(_BLANKS)
    if locale:
        number = _without_currency(number, currency, locale)
    found = number_pattern(locale).fullmatch(number)
    if found is None:
        values = {"text": repr(_shown(text)), "example": _example(currency, locale)}
        raise MoneyError(_("%(text)s is not an amount of money. Write it like %(example)s.", **values))
    decimals = found["decimals"] or ""
    if len(decimals) > digits:
        raise MoneyError(_too_many_decimals(text, len(decimals), currency, locale))
    whole = re.sub(r"[^0-9]", "", found["whole"] or "")
    minor_digits = (whole + decimals.ljust(digits, "0")).lstrip("0") or "0"
    if len(minor_digits) > len(str(MAX_MINOR)) or (minor := int(minor_digits)) > MAX_MINOR:
        largest = amount_text(MAX_MINOR, currency, locale)
        raise MoneyError(
            _(
                "%(text)s is too large: at most %(largest)s %(currency)s is allowed. Check the number of digits.",
                text=repr(text[:40]),
                largest=largest,
                currency=currency,
            )
        )
    return -minor if found["minus"] else minor


def _too_many_decimals(text: str, count: int, currency: str, locale: str | None) -> str:
    digits = get_currency_precision(currency)
    values = {"text": repr(_shown(text)), "currency": currency, "example": _example(currency, locale)}
    if digits:
        return ngettext(
            "%(text)s has %(num)s digit after the decimal sign; %(currency)s has at most %(most)s. Write it like %(example)s.",
            "%(text)s has %(num)s digits after the decimal sign; %(currency)s has at most %(most)s. Write it like %(example)s.",
            count,
            most=digits,
            **values,
        )
    return ngettext(
        "%(text)s has %(num)s digit after the decimal sign; %(currency)s has none. Write it like %(example)s.",
        "%(text)s has %(num)s digits after the decimal sign; %(currency)s has none. Write it like %(example)s.",
        count,
        **values,
    )


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def _without_currency(text: str, currency: str, locale: str) -> str:
    """The text without the currency's code or symbol before or after the number, if there is one."""
    for name in _names(currency, locale):
        if text[: len(name)].upper() == name.upper():
            return text[len(name) :].strip(_BLANKS)
        if text[:1] in _MINUS and text[1 : len(name) + 1].upper() == name.upper():  # -€5
            return text[0] + text[len(name) + 1 :].strip(_BLANKS)
        if text[-len(name) :].upper() == name.upper():
            return text[: -len(name)].strip(_BLANKS)
    return text


@cache
def _names(currency: str, locale: str) -> tuple[str, ...]:
    """The codes and symbols of the currency in the locale: EUR, €; US$ and, where it is unambiguous, $."""
    symbol = get_currency_symbol(currency, locale)
    narrow = symbol.removeprefix(currency[:2]) or symbol
    local = get_territory_currencies(Locale.parse(locale).territory or "001")
    if any(get_currency_symbol(other, locale) == narrow for other in local if other != currency):
        narrow = symbol
    plain = unicodedata.normalize("NFKC", symbol)  # ￥ becomes the ¥ of keyboards
    return tuple(dict.fromkeys((symbol, currency, narrow, plain)))


def amount_text(minor: int, currency: str, locale: str | None = None) -> str:
    """The amount in the form that `parse_minor` accepts: without currency and thousands separator ("1234.50")."""
    plain = f"{to_decimal(minor, currency):f}"
    return plain.replace(".", get_decimal_symbol(locale)) if locale else plain


@lru_cache(maxsize=4_096)
def money_text(minor: int, currency: str, locale: str) -> str:
    """The amount with its currency: "€1,234.50". Cached, because a live list shows most amounts again after each change."""
    return str(format_currency(to_decimal(minor, currency), currency, locale=locale))


def whole_text(minor: int, currency: str, locale: str) -> str:
    """The amount with its currency, rounded to whole units: "€1,234"."""
    rounded = to_decimal(minor, currency).to_integral_value(ROUND_HALF_UP)
    return str(format_currency(rounded, currency, format=_whole_pattern(locale), locale=locale, currency_digits=False))


@cache
def _whole_pattern(locale: str) -> str:
    """The locale's currency pattern without decimals."""
    return re.sub(r"\.0+", "", Locale.parse(locale).currency_formats["standard"].pattern)


def to_decimal(minor: int, currency: str) -> Decimal:
    """Minor units as a decimal number with all digits of the currency: 1250 EUR is 12.50."""
    return Decimal(minor).scaleb(-get_currency_precision(currency))


@cache
def number_pattern(locale: str | None) -> re.Pattern[str]:
    """A pattern of numbers with the groups `minus`, `whole` (with the locale's thousands separators) and `decimals`.

    All fields of forms use it. Babel's `parse_decimal(strict=True)` is no replacement: it accepts what Decimal does (1e3, NaN,
    1_000, digits of other scripts), and refuses the apostrophe, the space and the minus sign of keyboards. The import has a
    parser of its own, because a file has one decimal mark in any locale (order_import/cell_parsers.py).
    """
    decimal, whole = r"\.", "[0-9]+"
    if locale:
        decimal, group = re.escape(get_decimal_symbol(locale)), get_group_symbol(locale)
        same_sign = next((signs for signs in (_SPACES, _APOSTROPHES) if group in signs), group)
        last, others = Locale.parse(locale).decimal_formats[None].grouping  # digits per group; India: 12,34,567
        between = f"[{re.escape(same_sign)}]"
        whole += f"|[0-9]{{1,{others}}}(?:{between}[0-9]{{{others}}})*{between}[0-9]{{{last}}}"
    return re.compile(
        rf"(?P<minus>[{_MINUS}])?(?=[0-9]|{decimal}[0-9])(?P<whole>{whole})?(?:{decimal}(?P<decimals>[0-9]+))?"
    )


def _example(currency: str, locale: str | None) -> str:
    minor = "123450".ljust(4 + get_currency_precision(currency), "0")[: 4 + get_currency_precision(currency)]
    return amount_text(int(minor), currency, locale)
