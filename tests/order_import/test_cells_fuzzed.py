"""Any cell of a file is a value, or a fault of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from babel.numbers import format_currency, format_decimal, get_decimal_symbol
from hypothesis import given
from hypothesis import strategies as st

from webapp.order_import.amounts import mark_of
from webapp.order_import.cell_parsers import CellParsers
from webapp.order_import.errors import ValueInvalid
from webapp.order_import.value_style import DATES as STYLES
from webapp.order_import.value_style import DECIMALS, ValueStyle

from ..support.fuzzing import MOMENTS, TEXTS, fuzzed

DATES = st.tuples(
    st.sampled_from(["2026-11-20", "0000-00-00", "1900-01-01", "9999-12-31", "2026-02-30", "2026-03-29"]) | MOMENTS,
    st.sampled_from(["", " ", "T"]),
    st.sampled_from(["", "02:30", "24:00", "23:59:60", "12:00:00.1234567", "02:30:00+99:99", "00:00Z"]) | TEXTS,
).map("".join)


WRITTEN = st.tuples(
    st.sampled_from(["", "Fri, "]),
    st.sampled_from(["20.11.2026", "11/20/26", "20 Nov 2026", "Nov 20, 2026", "20261120", "46346", "1795179900"]),
    st.sampled_from(["", " 1:05 PM", " 13:05:00.123456789 UTC", "T130500Z", " 13:05 PST", ".5", " 25:00"]),
).map("".join)
# Grouped by a comma, a point, a no-break space, an apostrophe, and India's way.
LOCALES = ("en_US", "de_DE", "fr_FR", "de_CH", "pl_PL", "en_IN", "sv_SE")
KINDS = (
    "money",
    "quantity",
    "signed_money",
    "signed_quantity",
    "rate",
    "instant",
    "email",
    "currency",
    "number",
    "text",
)


@fuzzed
@given(TEXTS | DATES | WRITTEN, st.sampled_from(KINDS), st.sampled_from(DECIMALS), st.none() | st.sampled_from(STYLES))
def test_a_cell_of_a_file_is_a_value_or_a_fault_of_it(text: str, kind: str, decimal: str, dates: str | None) -> None:
    values = CellParsers("Europe/Berlin", "EUR", ValueStyle(decimal, dates))
    try:
        value = getattr(values, kind)(text)
    except ValueInvalid:
        return
    assert "\n" not in str(value)


@fuzzed
@given(
    DATES | WRITTEN, st.sampled_from(["Europe/Berlin", "Africa/Cairo", "Pacific/Apia", "UTC"]), st.sampled_from(STYLES)
)
def test_a_date_of_a_file_is_a_moment_or_a_fault_of_it(text: str, zone: str, dates: str) -> None:
    try:
        moment = CellParsers(zone, "EUR", ValueStyle(dates=dates)).instant(text)
    except ValueInvalid:
        return
    assert moment == "\\N" or datetime.fromisoformat(str(moment)).tzinfo is not None


@fuzzed
@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]), st.sampled_from(LOCALES))
def test_an_amount_written_in_any_locale_is_read_as_it_was(minor: int, currency: str, locale: str) -> None:
    decimal = "comma" if get_decimal_symbol(locale) == "," else "point"
    parsers = CellParsers("UTC", currency, ValueStyle(decimal))
    amount = Decimal(minor).scaleb(-parsers.digits)
    assert parsers.signed_money(format_currency(amount, currency, "#,##0.00 ¤¤", locale, currency_digits=True)) == minor
    assert parsers.signed_money(format_decimal(amount, locale=locale, decimal_quantization=False)) == minor


@fuzzed
@given(st.integers(0, 10**9), st.sampled_from([",", "."]))
def test_an_amount_is_never_read_by_the_wrong_mark(minor: int, mark: str) -> None:
    """A text that both marks read as different amounts has no mark of its own."""
    text = f"{minor / 100:.2f}".replace(".", mark)
    assert mark_of(text) == ("point" if mark == "." else "comma")
    grouped = f"{minor:,}".replace(",", mark)
    if minor >= 10**6:
        assert mark_of(grouped) == ("comma" if mark == "." else "point")
    elif minor >= 1000:
        assert mark_of(grouped) == "auto"
