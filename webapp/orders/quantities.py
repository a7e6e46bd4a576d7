"""Parser of quantities, as strict as that of money: digits and the locale's own signs, no exponents."""

from __future__ import annotations

from decimal import Decimal

from ..language import gettext as _
from ..money import number_pattern

MAX_CHARS = 40  # a longer text is a mistake


class QuantityError(ValueError):
    """The text is not a quantity; the message has the value and what to do."""


def parse_quantity(text: str, locale: str) -> Decimal:
    """The quantity as a decimal, negative only with a leading minus. Raises QuantityError."""
    found = number_pattern(locale).fullmatch(text) if len(text) <= MAX_CHARS else None
    if found is None:
        shown = text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + "…"
        raise QuantityError(_("%(text)s is not a quantity. Enter a number like 2.", text=repr(shown)))
    whole = "".join(digit for digit in found["whole"] or "0" if digit.isdigit())
    return Decimal(f"{'-' if found['minus'] else ''}{whole}.{found['decimals'] or '0'}").normalize() + 0
