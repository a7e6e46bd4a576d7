"""Jinja filters of tv/: short amounts and percentages, readable from across a room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from babel.dates import format_skeleton
from babel.lists import format_list
from babel.numbers import format_compact_currency, format_percent

from ..accounts.current import current_locale, current_tenant
from ..language import ngettext
from ..money import to_decimal, whole_text
from .filters import money_text, visible_chars

# A longer amount is rounded: "Rp 123.46M". The widest place of a TV has room for it at the size that is asked for.
MAX_CHARS = 12
CENTS_CHARS = 9
DECIMALS = (2, 1)  # of a rounded amount: the first that fits
MIN_SIZED, MAX_SIZED = 6, 18  # characters that have a class of their own
# As many capitals are as wide as one more digit: in "HUF456.8M" each is wider than tv_screens.css allows a character.
CAPITALS_PER_DIGIT = 3


def tv_money_text(minor: int, most: int = MAX_CHARS) -> str:
    """The amount with cents if that is short, else in whole units or rounded."""
    exact = money_text(minor)
    return exact if visible_chars(exact) <= CENTS_CHARS else tv_whole_text(minor, most)


def tv_whole_text(minor: int, most: int = MAX_CHARS) -> str:
    """The amount in whole units, or rounded if that has more than `most` characters."""
    tenant, locale = current_tenant(), current_locale()
    whole = whole_text(minor, tenant.currency, locale)
    if visible_chars(whole) <= most:
        return whole
    amount = to_decimal(minor, tenant.currency)
    for decimals in DECIMALS:
        text = str(format_compact_currency(amount, tenant.currency, locale=locale, fraction_digits=decimals))
        if visible_chars(text) <= most:
            break
    return text


def size_class(text: str) -> str:
    """The class in tv_screens.css for the number of characters of a figure, with room for its capitals."""
    capitals = sum(character.isupper() for character in text)
    chars = visible_chars(text) + round(capitals / CAPITALS_PER_DIGIT)
    return f"is-{min(max(chars, MIN_SIZED), MAX_SIZED)}-chars"


def share_text(part: int, whole: int | None) -> str:
    """A part of a whole in percent without decimals; a dash without a whole."""
    if not whole or whole < 0:
        return "–"
    return str(format_percent(part / whole, locale=current_locale()))


def share_of_best(amounts: Sequence[int]) -> list[str]:
    """Each amount in percent of the sum of all that are positive."""
    total = sum(amount for amount in amounts if amount > 0)
    return [share_text(amount, total) for amount in amounts]


def month_text(day: Any) -> str:
    """The month and its year: "November 2026"."""
    return str(format_skeleton("yMMMM", day, locale=current_locale()))


def names_text(names: Sequence[str], more: int) -> str:
    """Names as a list in words; `more` further ones are a number: "Ana, Ben, and 2 others"."""
    others = [ngettext("%(num)s other", "%(num)s others", more)] if more > 0 else []
    return str(format_list([*names, *others], locale=current_locale()))


FILTERS: dict[str, Callable[..., Any]] = {
    "tv_money": tv_money_text,
    "tv_whole": tv_whole_text,
    "tv_size": size_class,
    "share": share_text,
    "shares": share_of_best,
    "month": month_text,
    "names": names_text,
}
