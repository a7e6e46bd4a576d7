"""Parsing and formatting of money: texts are parsed strictly, or refused with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.numbers import NumberFormatError, parse_decimal

from webapp.display.filters import CHARS, short_money_text, width_class
from webapp.models import Tenant
from webapp.money import MoneyError, amount_text, money_text, parse_minor


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    [
        ("1234.50", "EUR", None, 123450),
        ("0", "EUR", None, 0),
        (" 12.5 ", "EUR", None, 1250),
        (".5", "EUR", None, 50),
        ("-3.00", "EUR", None, -300),
        ("12", "JPY", None, 12),
        ("1.5", "KWD", None, 1500),
        ("1,234.50", "EUR", "en_GB", 123450),
        ("1234.50", "EUR", "en_GB", 123450),
        ("1.234,50", "EUR", "de_DE", 123450),
        ("1.234", "EUR", "de_DE", 123400),
        ("1 234,5", "EUR", "fr_FR", 123450),
        ("1\u202f234,5", "EUR", "fr_FR", 123450),
        ("1'234.50", "CHF", "de_CH", 123450),
        ("12,34,567.50", "INR", "en_IN", 123456750),
        ("€12", "EUR", "en_GB", 1200),
        ("€ 1,234.50", "EUR", "en_GB", 123450),
        ("1.234,50 €", "EUR", "de_DE", 123450),
        ("12,5 eur", "EUR", "de_DE", 1250),
        ("EUR 12", "EUR", "de_DE", 1200),
        ("-€5", "EUR", "en_GB", -500),
        ("€-5", "EUR", "en_GB", -500),
        ("\u22125", "EUR", "en_GB", -500),
        ("$5.00", "USD", "en_US", 500),
        ("US$5.00", "USD", "en_GB", 500),
        ("$5.00", "USD", "en_GB", 500),
        ("¥1,200", "JPY", "ja_JP", 1200),
        ("JP¥1,200", "JPY", "en_GB", 1200),
        ("CHF 12.50", "CHF", "de_CH", 1250),
    ],
)
def test_an_amount_is_parsed_by_its_locale(text: str, currency: str, locale: str | None, minor: int) -> None:
    assert parse_minor(text, currency, locale) == minor


@pytest.mark.parametrize(
    ("text", "currency", "locale", "message"),
    [
        ("", "EUR", None, "Write it like 1234.50"),
        ("1,234.50", "EUR", None, "Write it like 1234.50"),
        ("12,50", "EUR", None, "Write it like 1234.50"),
        ("12.50", "EUR", "de_DE", "Write it like 1234,50"),
        ("1.234", "EUR", "en_GB", "3 digits after the decimal sign; EUR has at most 2"),
        ("1,23,456", "EUR", "en_GB", "is not an amount"),
        ("1,2345", "EUR", "en_GB", "is not an amount"),
        ("12.50", "JPY", None, "JPY has none"),
        ("12.", "EUR", None, "is not an amount"),
        ("1e3", "EUR", None, "is not an amount"),
        ("€5", "EUR", None, "is not an amount"),
        ("$5", "EUR", "en_GB", "is not an amount"),
        ("€5€", "EUR", "en_GB", "is not an amount"),
        ("€", "EUR", "en_GB", "is not an amount"),
        ("US$5", "CAD", "en_CA", "is not an amount"),
        ("$5", "USD", "en_CA", "is not an amount"),
        ("NaN", "EUR", None, "is not an amount"),
        ("١٢", "EUR", None, "is not an amount"),
        ("9" * 5000, "EUR", None, "too large"),
        ("10000000000000.01", "EUR", None, "too large"),
    ],
)
def test_an_invalid_or_ambiguous_amount_is_refused(text: str, currency: str, locale: str | None, message: str) -> None:
    with pytest.raises(MoneyError, match=message):
        parse_minor(text, currency, locale)


def test_babels_strict_parser_would_accept_texts_that_are_no_amounts() -> None:
    """The reason for a parser of our own. If this fails, try Babel's again."""
    accepted = [text for text in ("1e3", "NaN", "1_000", "١٢", "12.") if not _refused_by_babel(text, "en_GB")]
    assert accepted == ["1e3", "NaN", "1_000", "١٢", "12."]
    assert _refused_by_babel("1'234.50", "de_CH")
    assert _refused_by_babel("1 234,5", "fr_FR")


def _refused_by_babel(text: str, locale: str) -> bool:
    try:
        parse_decimal(text, locale=locale, strict=True)
    except NumberFormatError:
        return True
    return False


@pytest.mark.parametrize("locale", [None, "en_GB", "de_DE", "fr_FR", "de_CH", "en_IN", "sv_SE", "ja_JP"])
@pytest.mark.parametrize("minor", [0, 5, 123456789, -70])
@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_a_formatted_amount_is_parsed_back(minor: int, currency: str, locale: str | None) -> None:
    assert parse_minor(amount_text(minor, currency, locale), currency, locale) == minor


def test_money_text_has_the_currency() -> None:
    assert money_text(123450, "EUR", "en_GB") == "€1,234.50"
    assert money_text(1234, "JPY", "en_GB") == "JP¥1,234"


def _tenant(currency: str, locale: str) -> Tenant:
    return Tenant(currency=currency, locale=locale, timezone="UTC")


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (999_999_99, "EUR", "en_GB", "€999,999.99"),
        (1_000_000_00, "EUR", "en_GB", "€1,000,000"),
        (-1_234_567_50, "EUR", "de_DE", "-1.234.568\xa0€"),
        (524_439_795_52, "IDR", "id_ID", "IDR524,439,796"),
        (12_345_678, "JPY", "ja_JP", "¥12,345,678"),
        (5_24_43_979_52, "INR", "en_IN", "₹5,24,43,980"),
        (456_789_012_30, "HUF", "hu_HU", "456,789,012\xa0HUF"),
        (9_745_27, "EGP", "ar_EG", "\u200f9,745.27\xa0ج.م.\u200f"),
    ],
)
def test_a_figure_of_seven_digits_or_more_is_in_whole_units(minor: int, currency: str, locale: str, text: str) -> None:
    """A tenant whose language has no catalog reads English, with the numbers of English in its country."""
    assert short_money_text(minor, tenant=_tenant(currency, locale)) == text


def test_amounts_beside_a_large_amount_are_in_whole_units_too() -> None:
    assert short_money_text(150, 1_000_000_00, _tenant("EUR", "en_GB")) == "€2"


def test_the_width_class_counts_only_visible_characters() -> None:
    assert width_class("€8,379.40") == "chars-9"
    assert width_class("\u200f9,745.27\xa0ج.م.\u200f") == "chars-15"
    assert width_class(["€1.00", "Rp524.439.796"]) == "chars-15"
    assert width_class("9" * 99) == "chars-30"
    assert width_class([]) == "chars-9"
    sheet = (Path(__file__).parents[2] / "webapp" / "static" / "board.css").read_text()
    assert [int(size) for size in re.findall(r"\.chars-(\d+) \{ --chars: \1; \}", sheet)] == list(CHARS)
