"""Amounts as people and programs write them, read with the file's decimal mark or refused."""

from __future__ import annotations

import pytest

from webapp.order_import.cell_parsers import NULL, CellParsers
from webapp.order_import.errors import ValueInvalid
from webapp.order_import.value_style import ValueStyle


def read(text: str, decimal: str = "point", currency: str = "EUR", kind: str = "signed_money") -> int | str:
    value = getattr(CellParsers("Europe/Berlin", currency, ValueStyle(decimal)), kind)(text)
    assert isinstance(value, int | str)
    return value


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1234.50", 123450),
        ("1,234.50", 123450),
        ("1,234", 123400),
        ("12,34,567.00", 123456700),  # India
        ("1 234.50", 123450),
        ("1\u00a0234.50", 123450),
        ("1\u202f234\u202f567.5", 123456750),
        ("1'234.50", 123450),
        ("1’234.50", 123450),
        (".50", 50),
        ("129.9900", 12999),
        ("+1", 100),
        ("€12.50", 1250),
        ("12.50 €", 1250),
        ("EUR 12.50", 1250),
        ("12.50eur", 1250),
        ("€ 12.50 EUR", 1250),
        ("-12.50", -1250),
        ("\u221212.50", -1250),
        ("12.50-", -1250),
        ("(12.50)", -1250),
        ("(€12.50)", -1250),
        ("€(12.50)", -1250),
        ("-€12.50", -1250),
        ("€-12.50", -1250),
        ("0.00", 0),
    ],
)
def test_an_amount_with_a_point_is_read(text: str, minor: int) -> None:
    assert read(text) == minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1.234,50", 123450),
        ("1234,5", 123450),
        ("1.234", 123400),
        ("12", 1200),
        ("1\u00a0234,50\u00a0€", 123450),
        ("61,80 €", 6180),
        ("1.234.567,00", 123456700),
        ("−3,50", -350),
        (",5", 50),
    ],
)
def test_an_amount_with_a_comma_is_read(text: str, minor: int) -> None:
    assert read(text, "comma") == minor


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1.234,50",
            "12,50",
            "1,2345",
            "1,23,4567",
            "0,123",
            "1e3",
            "12.",
            "12 50",
            "1 2345",
            "1,234 567",
            "١٢",
            "--5",
        ),
        *("(-5)", "-5-", "1(2)3", "12.50 XYZ", "12 apples", "0x1F", "12.5.0", ".", "$", "nan%", "٫5"),
    ],
)
def test_a_malformed_amount_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(
        ValueInvalid, match=r"is not a number; allowed: digits, grouped by three or not, such as 1234\.50"
    ):
        read(text)


@pytest.mark.parametrize(("text", "decimal", "other"), [("12,50", "point", "comma"), ("1,234.50", "comma", "point")])
def test_an_amount_of_the_other_mark_is_refused_with_the_option(text: str, decimal: str, other: str) -> None:
    with pytest.raises(ValueInvalid, match=f"use --decimal {other}"):
        read(text, decimal)


@pytest.mark.parametrize("text", ["1,234", "1.234", "12.000", "999,999"])
def test_an_amount_that_both_marks_read_is_refused_while_the_mark_is_not_known(text: str) -> None:
    with pytest.raises(ValueInvalid, match="use --decimal point or --decimal comma"):
        read(text, "auto")


@pytest.mark.parametrize(
    ("text", "minor"), [("12.5", 1250), ("12,5", 1250), ("1,234.5", 123450), ("1.234.567", 123456700)]
)
def test_an_amount_that_one_mark_reads_needs_no_option(text: str, minor: int) -> None:
    assert read(text, "auto") == minor


@pytest.mark.parametrize(
    ("currency", "text", "minor"),
    [
        *(("JPY", "1000.00", 1000), ("JPY", "¥1,000", 1000), ("JPY", "￥1,000", 1000), ("KWD", "1.2340", 1234)),
        *(("USD", "$12.50", 1250), ("USD", "US$12.50", 1250), ("USD", "$.50", 50), ("CAD", "$12.50 CAD", 1250)),
        *(("INR", "Rs. 1,00,000.00", 10000000), ("INR", "Rs.50", 5000), ("CHF", "Fr. 1'234.50", 123450)),
        ("SEK", "1 234.50 kr", 123450),
    ],
)
def test_symbols_and_zeros_beyond_the_digits_of_a_currency_are_read(currency: str, text: str, minor: int) -> None:
    assert read(text, currency=currency) == minor


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("12.50 EUR", "is in EUR"),
        ("€12.50", "is in EUR"),
        ("£12.50", "is in a currency with the sign £"),
        ("$12.50 CAD", "is in CAD"),
    ],
)
def test_an_amount_in_another_currency_is_refused_by_name(text: str, seen: str) -> None:
    with pytest.raises(
        ValueInvalid, match=f"'{text[:1]}.*' {seen}; allowed: the board's currency, USD".replace("$", r"\$")
    ):
        read(text, currency="USD")


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("money", "(12.50)", r"'\(12.50\)' is negative; allowed: 0 or more"),
        ("quantity", "-1", "'-1' is negative; allowed: 0 or more"),
        ("quantity", "0", "'0' is out of range; allowed: more than 0"),
        ("quantity", "3 EUR", "is not a number"),
        ("rate", "-0.1", "is negative"),
        ("rate", "2", "is more than 1; allowed: 0 to 1"),
        ("money", "1000.505", "has 3 digits after the point; EUR has 2"),
        ("money", "12345678901234.00", "is too large; allowed: up to 10,000,000,000,000"),
        ("money", "9" * 30, "is too large; allowed: up to 10,000,000,000,000"),
    ],
)
def test_a_value_that_its_field_does_not_allow_is_refused_with_the_reason(kind: str, text: str, reason: str) -> None:
    with pytest.raises(ValueInvalid, match=reason):
        read(text, kind=kind)


def test_one_digit_after_the_point_of_yen_is_named_in_the_singular() -> None:
    with pytest.raises(ValueInvalid, match=r"'1000\.5' has one digit after the point; JPY has 0"):
        read("1000.5", currency="JPY")


def test_the_signed_parsers_read_returns() -> None:
    assert read("-2", kind="signed_quantity") == -2000
    assert read("-12.50", kind="signed_money") == -1250


@pytest.mark.parametrize("word", ["NULL", r"\N", "N/A", "n/a", "-", "None", "nan", "#N/A", " NULL ", '=""'])
def test_words_for_no_value_are_empty_in_optional_cells(word: str) -> None:
    for kind in ("money", "quantity", "instant", "email", "currency", "optional_text", "number"):
        assert read(word, kind=kind) == NULL


def test_a_customer_may_have_the_name_of_a_word_for_no_value() -> None:
    assert read("None", kind="text") == "None"
    assert read("Null", kind="optional_text") == "Null"


@pytest.mark.parametrize(("cell", "text"), [('="00123"', "00123"), ('=" 7"', "7"), ('="a""b"', 'a"b'), ("=1", "=1")])
def test_the_text_in_an_excel_formula_is_the_cell(cell: str, text: str) -> None:
    assert read(cell, kind="number") == text
    assert read(cell, kind="text") == text
