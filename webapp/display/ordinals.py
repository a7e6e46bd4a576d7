"""Places in a ranking, as words."""

from __future__ import annotations

from babel import Locale
from babel.numbers import format_decimal

from ..accounts.current import current_locale
from ..language import pgettext


def ordinal_text(place: int) -> str:
    """A place: 1 is "1st", 12 is "12th"."""
    category = Locale.parse(current_locale()).ordinal_form(place)
    num = format_decimal(place, locale=current_locale())
    if category == "one":
        return pgettext("ordinal", "%(num)sst", num=num)
    if category == "two":
        return pgettext("ordinal", "%(num)snd", num=num)
    if category == "few":
        return pgettext("ordinal", "%(num)srd", num=num)
    return pgettext("ordinal", "%(num)sth", num=num)
