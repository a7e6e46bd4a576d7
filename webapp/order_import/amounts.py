"""Amounts and quantities as people write them: signs, currencies, separators between thousands, a point or a comma.

Nothing is guessed. A separator must stand between correct groups of digits, a currency must be the tenant's, and a text that
would be another amount with the other decimal mark is read by the file's mark only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..language import gettext as _
from ..money import MAX_MINOR
from . import currency_units
from .errors import ValueInvalid
from .value_style import AUTO, COMMA, POINT

MAX_WHOLE_DIGITS = 15
# The usual form of an export.
PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# Minus signs, blanks and apostrophes as typeset, and the yen sign of full width.
_TYPED = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2013\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
        "’": "'",
        "￥": "¥",
    }
)
_UNIT = "|".join([*map(re.escape, currency_units.SYMBOLS), "[A-Za-z]{3}"])
_AMOUNT = re.compile(
    rf"(?P<sign>[-+])? ?(?P<before>{_UNIT})? ?(?P<inner>[-+])? ?(?P<number>[.,]?[0-9](?:[0-9.,' ]*[0-9])?)"
    rf" ?(?P<trailing>-)? ?(?P<after>{_UNIT})? ?(?P<last>-)?",
    re.IGNORECASE,
)
_PARENTHESES = re.compile(r"([^()0-9]*)\(([^()]*)\)([^()0-9]*)")
# The last alternative of the whole digits with a point is India's: 12,34,567.
_NUMBERS = {
    POINT: re.compile(
        r"(?P<whole>[0-9]+|[1-9][0-9]{0,2}(?P<group>[, '])[0-9]{3}(?:(?P=group)[0-9]{3})*"
        r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})?(?:\.(?P<fraction>[0-9]+))?"
    ),
    COMMA: re.compile(
        r"(?P<whole>[0-9]+|[1-9][0-9]{0,2}(?P<group>[. '])[0-9]{3}(?:(?P=group)[0-9]{3})*)?(?:,(?P<fraction>[0-9]+))?"
    ),
}
_OTHER = {POINT: COMMA, COMMA: POINT}


class Written(NamedTuple):
    """The parts of a text: its sign, its currencies as written, and its number with separators."""

    is_negative: bool
    units: tuple[str, ...]
    number: str


def written(text: str) -> Written | None:
    """The parts of an amount, or None if the text is not one. The number's separators are not checked yet."""
    text = text.translate(_TYPED)
    in_parentheses = _PARENTHESES.fullmatch(text)
    if in_parentheses:
        text = "".join(in_parentheses.groups())
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    signs = [sign for sign in found.group("sign", "inner", "trailing", "last") if sign]
    if len(signs) + bool(in_parentheses) > 1:
        return None
    units = tuple(unit for unit in found.group("before", "after") if unit)
    return Written(bool(in_parentheses) or signs == ["-"], units, found["number"])


def digits_of(number: str, mark: str) -> tuple[str, str] | None:
    """The digits before and after the decimal mark, without separators; None if they are not grouped correctly."""
    found = _NUMBERS[mark].fullmatch(number)
    return (re.sub(r"[^0-9]", "", found["whole"] or "0"), found["fraction"] or "") if found else None


def mark_of(text: str) -> str | None:
    """POINT or COMMA if only that decimal mark reads the amount, AUTO if both do and differ, None if it has no mark."""
    if text.isdecimal() or (parts := written(text)) is None:
        return None
    point, comma = digits_of(parts.number, POINT), digits_of(parts.number, COMMA)
    if point == comma:
        return None
    if point and comma:
        return AUTO
    return POINT if point else COMMA


class AmountParser:
    """Parses amounts in one currency, written with one decimal mark (`point`, `comma`, or `auto` if it is not known)."""

    def __init__(self, currency: str, decimal: str) -> None:
        self.currency = currency
        self.decimal = decimal
        self.has_point = decimal == POINT

    def scaled(self, text: str, digits: int, allowed: str, has_unit: bool = True) -> int:
        """The amount × 10^digits, negative if it is so. `allowed` names the digits in an error. Raises ValueInvalid."""
        is_negative = False
        if self.has_point and PLAIN.fullmatch(text):
            whole, _point, fraction = text.partition(".")
            # Then it is less than MAX_MINOR.
            if len(fraction) <= digits and len(whole) + digits <= MAX_WHOLE_DIGITS:
                return int(whole + fraction.ljust(digits, "0"))
        else:
            is_negative, whole, fraction = self._read(text, digits, has_unit)
        if len(fraction) > digits:
            if fraction[digits:].strip("0"):
                raise ValueInvalid(_too_many_digits(_shown(text), len(fraction), allowed))
            fraction = fraction[:digits]
        # Python refuses to convert thousands of digits.
        too_long = len(whole.lstrip("0")) > MAX_WHOLE_DIGITS
        if too_long or (scaled := int(whole[-MAX_WHOLE_DIGITS:] + fraction.ljust(digits, "0"))) > MAX_MINOR:
            raise ValueInvalid(
                _(
                    "%(text)r is too large; allowed: up to %(most)s",
                    text=_shown(text),
                    most=f"{MAX_MINOR // 10**digits:,}",
                )
            )
        return -scaled if is_negative else scaled

    def _read(self, text: str, digits: int, has_unit: bool) -> tuple[bool, str, str]:
        parts = written(text)
        if parts is None or (parts.units and not has_unit):
            raise ValueInvalid(self._not_a_number(text, digits))
        self._check_units(text, parts.units, digits)
        mark = self.decimal
        if mark == AUTO:
            mark = mark_of(text) or POINT
        if mark == AUTO:
            raise ValueInvalid(
                _(
                    "%(text)r has a point or comma that can be the decimal mark or separate thousands, and no other "
                    "amount of the file shows which; use --decimal point or --decimal comma",
                    text=text,
                )
            )
        number = digits_of(parts.number, mark)
        if number is None:
            raise ValueInvalid(self._not_a_number(text, digits))
        return parts.is_negative, *number

    def _check_units(self, text: str, units: tuple[str, ...], digits: int) -> None:
        # The clearest first: of "$12.50 CAD" the error names CAD.
        for unit, meant in sorted(
            ((unit, currency_units.currencies(unit)) for unit in units), key=lambda seen: len(seen[1])
        ):
            if not meant:
                raise ValueInvalid(self._not_a_number(text, digits))
            if self.currency not in meant:
                seen = meant[0] if len(meant) == 1 else _("a currency with the sign %(unit)s", unit=unit)
                raise ValueInvalid(
                    _(
                        "%(text)r is in %(seen)s; allowed: the board's currency, %(currency)s. Convert the amount, or "
                        "remove the row",
                        text=text,
                        seen=seen,
                        currency=self.currency,
                    )
                )

    def _not_a_number(self, text: str, digits: int) -> str:
        mark = "," if self.decimal == COMMA else "."
        example = "1234" + (mark + "5".ljust(min(digits, 2), "0") if digits else "")
        hint = ""
        parts = written(text)
        if parts and self.decimal != AUTO and digits_of(parts.number, _OTHER[self.decimal]):
            sample = "12.50" if self.decimal == COMMA else "12,50"
            hint = _(
                " (if the file writes %(sample)s for twelve and a half, use --decimal %(other)s)",
                sample=sample,
                other=_OTHER[self.decimal],
            )
        return _(
            "%(text)r is not a number; allowed: digits, grouped by three or not, such as %(example)s%(hint)s",
            text=_shown(text),
            example=example,
            hint=hint,
        )


def _too_many_digits(text: str, count: int, allowed: str) -> str:
    """Without ngettext, whose texts are not found again in a stored reason (language/stored.py)."""
    if count == 1:
        return _("%(text)r has one digit after the point; %(allowed)s", text=text, allowed=allowed)
    return _("%(text)r has %(count)s digits after the point; %(allowed)s", text=text, count=count, allowed=allowed)


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
