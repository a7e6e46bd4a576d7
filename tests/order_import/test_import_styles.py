"""`flask orders import` of files in the styles of databases, shops and spreadsheets: what is clear is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ..support.imports import HEADER, Importer

DATES = "number,customer,placed at,paid at,shipped at,total"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_copy_of_postgresql_is_read(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "P1,Ada,2026-11-20 13:05:00+00,2026-11-20 13:06:00.5+00,,12.50",
        "P2,Bo,2026-11-20 18:35:00+05:30,,,10.00",
        r"P3,Cy,2026-11-20 14:05:00+01,\N,\N,10.00",
        header=DATES,
    )
    assert result.exit_code == 0, result.output
    at = utc("2026-11-20 13:05")
    assert importer.orders("placed_at", "paid_at") == [(at, utc("2026-11-20 13:06:00.5")), (at, None), (at, None)]


def test_an_export_of_sql_server_is_read(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "M1,Ada,2026-11-20 14:05:00.0000000,NULL,1900-01-01 00:00:00.000,129.9900",
        "M2,Bo,1900-01-01,NULL,NULL,50.0000",
        header=DATES,
    )
    assert result.exit_code == 1, result.output
    assert importer.orders("number", "placed_at", "shipped_at", "total_minor") == [
        ("M1", utc("2026-11-20 13:05"), None, 12999)
    ]
    assert importer.reasons() == {3: "the order date is empty"}


def test_a_date_before_1900_in_utc_rejects_its_row_and_no_other(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "A1,Ada,1900-01-01 00:30,1.00", "A2,Bo,1900-01-01T00:30:00+01:00,1.00", "A3,Cy,2026-01-02,1.00"
    )
    assert result.exit_code == 1, result.output
    assert importer.orders("number") == [("A3",)]
    assert all("out of range; allowed: the years 1900 to 2199" in reason for reason in importer.reasons().values())


def test_the_decimal_comma_of_a_file_is_found_and_shown(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        'A1;Ada;2026-11-20;"1\u202f234,50 €"', "A2;Bo;2026-11-20;1.000", "A3;Cy;2026-11-20;61,80 €",
        header=HEADER.replace(",", ";"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "decimal comma" in result.output
    assert importer.orders("total_minor") == [(123450,), (100000,), (6180,)]


def test_the_decimal_point_of_a_file_is_found_and_shown(importer: Importer) -> None:
    importer.tenant(currency="USD")
    result = importer.load(
        'A1,Ada,2026-11-20,"1,234"', "A2,Bo,2026-11-20,$12.50", "A3,Cy,2026-11-20,12.50 EUR", "A4,Di,2026-11-20,.50"
    )
    assert result.exit_code == 1, result.output
    assert "decimal point" in result.output
    assert importer.orders("number", "total_minor") == [("A1", 123400), ("A2", 1250), ("A4", 50)]
    assert "'12.50 EUR' is in EUR; allowed: the board's currency, USD" in importer.reasons()[4]


def test_an_amount_that_no_other_explains_is_rejected_with_the_option(importer: Importer) -> None:
    importer.tenant()
    result = importer.load('A1,Ada,2026-11-20,"1,234"', "A2,Bo,2026-11-20,5")
    assert "no decimal mark seen" in result.output
    assert importer.orders("number") == [("A2",)]
    assert "use --decimal point or --decimal comma" in importer.reasons()[2]
    assert importer.run("--decimal", "point").exit_code == 0
    assert importer.orders("number", "total_minor") == [("A1", 123400), ("A2", 500)]


def test_two_decimal_marks_refuse_the_file_until_one_is_named(importer: Importer) -> None:
    importer.tenant()
    result = importer.load('A1,Ada,2026-11-20,"12,50"', "A2,Bo,2026-11-20,12.50")
    assert result.exit_code == 2
    assert "total '12.50' on line 3 has a point, total '12,50' on line 2 a comma. Use --decimal point" in result.output
    assert importer.run("--decimal", "comma").exit_code == 1
    assert importer.orders("number", "total_minor") == [("A1", 1250)]


def test_dates_and_zones_are_read_by_the_options(importer: Importer) -> None:
    importer.tenant()
    result = importer.load("A1,Ada,11/20/2026 02:05 PM,1.00")
    assert result.exit_code == 2
    assert "Use --dates mdy if the month comes first" in importer.reasons()[2]
    result = importer.run("--dates", "mdy", "--zone", "America/New_York")
    assert result.exit_code == 0, result.output
    assert "dates mdy, times of America/New_York" in result.output
    assert importer.orders("placed_at") == [(utc("2026-11-20 19:05"),)]


def test_the_zone_in_a_columns_name_is_used_for_that_column(importer: Importer) -> None:
    importer.tenant()
    importer.load(
        "A1,Ada,2026-11-20 23:30,2026-11-20 23:45,1.00", header="number,customer,Created at (UTC),paid at,total"
    )
    assert importer.orders("placed_at", "paid_at") == [(utc("2026-11-20 23:30"), utc("2026-11-20 22:45"))]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("sep=;\r\nnumber;customer;placed at;total", ["00123;Müller;2026-11-20;12.50"], [("00123", "Müller", 1250)]),
        ('"sep=|"\nnumber|customer|placed at|total', ["1|A, B; C|2026-11-20|1"], [("1", "A, B; C", 100)]),
        (HEADER, ['="00123",Ada,2026-11-20,12.50'], [("00123", "Ada", 1250)]),
        (HEADER, ['"=""00124""",Bo,2026-11-20,1'], [("00124", "Bo", 100)]),
    ],
)  # fmt: skip
def test_files_for_excel_are_read(importer: Importer, header: str, rows: list[str], expected: list[Any]) -> None:
    importer.tenant()
    result = importer.load(*rows, header=header)
    assert result.exit_code == 0, result.output
    assert importer.orders() == expected


def test_line_numbers_count_the_sep_line(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,Ada,never,1", header="sep=,\nnumber,customer,placed at,total")
    assert list(importer.reasons()) == [3]


def test_rows_that_end_early_lack_optional_fields_only(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "1,Ada,2026-11-20,12.50,,,", "2,Bo,2026-11-20,10.00", "3,Cy,2026-11-20,1.00,,", "4,Di,2026-11-20", "5,Ed",
        header="number,customer,placed at,total,sku,,",
    )  # fmt: skip
    assert result.exit_code == 1, result.output
    assert importer.orders("number") == [("1",), ("2",), ("3",)]
    assert "not read   sku\n" in result.output
    reason = "the row has 3 fields but the header has 7: total is missing at its end; fill in the row, or remove it"
    assert importer.reasons()[5] == reason
    assert "placed at, total is missing" in importer.reasons()[6]
