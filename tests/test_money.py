"""Money as people and files write it: read strictly, or refused in words."""

from __future__ import annotations

import pytest

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
def test_an_amount_is_read_as_its_locale_writes_it(text: str, currency: str, locale: str | None, minor: int) -> None:
    assert parse_minor(text, currency, locale) == minor


@pytest.mark.parametrize(
    ("text", "currency", "locale", "says"),
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
def test_what_is_no_amount_or_could_be_two_is_refused(text: str, currency: str, locale: str | None, says: str) -> None:
    with pytest.raises(MoneyError, match=says):
        parse_minor(text, currency, locale)


@pytest.mark.parametrize("locale", [None, "en_GB", "de_DE", "fr_FR", "de_CH", "en_IN", "sv_SE", "ja_JP"])
@pytest.mark.parametrize("minor", [0, 5, 123456789, -70])
@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_an_amount_written_out_is_read_back(minor: int, currency: str, locale: str | None) -> None:
    assert parse_minor(amount_text(minor, currency, locale), currency, locale) == minor


def test_an_amount_for_people_has_its_currency() -> None:
    assert money_text(123450, "EUR", "en_GB") == "€1,234.50"
    assert money_text(1234, "JPY", "en_GB") == "JP¥1,234"
