"""The formats of files, headers, amounts and dates that the import accepts, and its errors for all others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ..support.imports import HEADER, Importer
from ..support.world import World

GOOD = "A1,Toms,2026-01-02,1234.50"


@pytest.mark.parametrize(
    "header",
    [
        "Order Number,Customer Name,Order Date,Total",
        "ORDER_NUMBER,customer,placed-at,Grand Total",
        " Name ,Customer,Placed At,order_total",
        "orderId,customerName,createdAt,totalAmount",
    ],
)
def test_columns_are_found_by_their_usual_names(importer: Importer, header: str) -> None:
    importer.tenant()
    result = importer.load(GOOD, header=header)
    assert result.exit_code == 0, result.output
    assert importer.orders() == [("A1", "Toms", 123450)]


def test_map_names_a_column_or_omits_a_field(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "x,A1,Toms,2026-01-02,5.00,DHL", header="number,Beleg,Kunde,Datum,total,shipping",
        options=("--map", "number=Beleg", "--map", "customer=kunde", "--map", "placed_at=Datum", "--map", "freight="),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "not read   number, shipping" in result.output
    assert importer.orders() == [("A1", "Toms", 500)]


@pytest.mark.parametrize(
    ("header", "options", "error"),
    [
        ("customer,date,total", (), "for number; the file has customer, date, total. Name it with --map number=Column."),
        ("number,customer,date,quantity,product", (), "No column was found for total (or the lines' unit_price)"),
        ("number,customer,date,Total,total", (), "Two columns are named 'total': column 4 (Total) and column 5 (total)"),
        (HEADER, ("--map", "price=total"), "'price' is not a field; allowed: number, customer,"),
        (HEADER, ("--map", "sku=Artikel"), "the file has no column 'Artikel'; it has number, customer, placed_at, total"),
        (HEADER, ("--map", "sku"), "--map 'sku' has no '='"),
        (HEADER, ("--map", "sku=total", "--map", "sku=number"), "names the field 'sku' twice"),
        ("number,customer,date,product,quantity,price,Discount", (), "column 'Discount' may be part of the price"),
        ("Name,Email,Financial Status,Lineitem name", (), "looks like Shopify's orders export: use --format shopify"),
        (HEADER, ("--encoding", "klingon"), "--encoding 'klingon' is unknown; allowed: utf-8, cp1252"),
        (HEADER, ("--encoding", "hex"), "--encoding 'hex' is unknown"),
        (HEADER, ("--delimiter", "ab"), "--delimiter 'ab' is not one character"),
    ],
)  # fmt: skip
def test_a_wrong_header_or_option_is_an_error(
    importer: Importer, header: str, options: tuple[str, ...], error: str
) -> None:
    importer.tenant()
    result = importer.load(GOOD, header=header, options=options)
    assert result.exit_code == 2
    assert error in result.output
    assert importer.orders() == []


def test_a_missing_or_empty_file_or_a_folder_is_an_error(importer: Importer) -> None:
    importer.tenant()
    assert f"There is no file {importer.path}" in importer.run().output
    importer.path.write_text("")
    assert "is empty" in importer.run().output
    importer.write()
    assert "has a header but no rows" in importer.run().output
    importer.path = importer.folder
    result = importer.run()
    assert "is a folder" in result.output
    assert result.exit_code == 2


def test_an_unknown_tenant_is_an_error_that_lists_the_known_ones(importer: Importer, world: World) -> None:
    importer.write(GOOD)
    assert "no tenant at all yet; create one with `flask tenant create`" in importer.run().output
    world.tenant("beta")
    world.tenant("alpha")
    result = importer.run()
    assert result.exit_code == 2
    assert "There is no tenant 'acme'. Existing tenants: alpha, beta." in result.output


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_detected(importer: Importer, delimiter: str) -> None:
    importer.tenant()
    importer.load('A1|"Toms, Co; and"|2026-01-02|5.00'.replace("|", delimiter), header=HEADER.replace(",", delimiter))
    assert importer.orders() == [("A1", "Toms, Co; and", 500)]


def test_any_other_delimiter_can_be_named(importer: Importer) -> None:
    importer.tenant()
    importer.load(GOOD.replace(",", "|"), header=HEADER.replace(",", "|"), options=("--delimiter", "|"))
    assert importer.orders() == [("A1", "Toms", 123450)]


def test_a_byte_order_mark_is_not_part_of_the_first_column_name(importer: Importer) -> None:
    importer.tenant()
    importer.write(GOOD, encoding="utf-8-sig")
    assert importer.run().exit_code == 0


@pytest.mark.parametrize(
    ("encoding", "hint"), [("cp1252", "line 3 is not valid utf-8 (byte 0xE4)"), ("utf-16", "--encoding utf-16")]
)
def test_another_encoding_is_refused_until_it_is_named(importer: Importer, encoding: str, hint: str) -> None:
    importer.tenant()
    importer.write(
        GOOD, "A2,Toms Spezialitäten,2026-01-02,never", "A3,Hanari Carnes ä,2026-01-02,1.00", encoding=encoding
    )
    result = importer.run()
    assert result.exit_code == 2
    assert hint in result.output
    assert importer.orders() == []
    assert importer.run("--encoding", encoding).exit_code == 1
    assert importer.orders("customer") == [("Toms",), ("Hanari Carnes ä",)]
    assert "Toms Spezialitäten" in importer.report.read_text(encoding)


def test_an_unclosed_quote_refuses_the_file(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(GOOD, 'A2,"Toms,2026-01-02,1.00', "A3,Toms,2026-01-02,1.00")
    assert result.exit_code == 2
    assert "line 3: " in result.output
    assert importer.orders() == []


def test_a_nul_byte_refuses_the_file(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(GOOD, "A2,To\0ms,2026-01-02,1.00")
    assert (result.exit_code, "line 3 contains a NUL byte" in result.output) == (2, True)


@pytest.mark.parametrize(
    "text", ["1,234.50", "1.234,50", "12,50", "€12", "1e3", "12.", ".5", "+1", "12 50", "١٢", "1" * 20, "nan"]
)
def test_an_ambiguous_or_malformed_amount_is_rejected(importer: Importer, text: str) -> None:
    importer.tenant()
    importer.load(f'A1,Toms,2026-01-02,"{text}"')
    assert importer.reasons()[2].startswith(f"total '{text}' is ")
    assert "allowed: " in importer.reasons()[2]


@pytest.mark.parametrize(("text", "minor"), [("1.234,50", 123450), ("1234,5", 123450), ("1.234", 123400), ("12", 1200)])
def test_decimal_commas_are_parsed_with_the_option(importer: Importer, text: str, minor: int) -> None:
    importer.tenant()
    importer.load(f"A1;Toms;2026-01-02;{text}", header=HEADER.replace(",", ";"), options=("--decimal", "comma"))
    assert importer.orders("total_minor") == [(minor,)]


@pytest.mark.parametrize(("currency", "text", "minor"), [("JPY", "1200", 1200), ("KWD", "1.234", 1234)])
def test_amounts_have_the_decimal_places_of_their_currency(
    importer: Importer, currency: str, text: str, minor: int
) -> None:
    importer.tenant(currency=currency)
    importer.load(f"A1,Toms,2026-01-02,{text}", f"A2,Toms,2026-01-02,{text}{'' if '.' in text else '.'}5")
    assert importer.orders("number", "total_minor") == [("A1", minor)]
    assert f"{currency} has" in importer.reasons()[3]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-07-04", "2026-07-03 22:00"),  # the tenant's midnight
        ("2026-01-04 14:30", "2026-01-04 13:30"),
        ("2026-07-04T14:30:15", "2026-07-04 12:30:15"),
        ("2026-07-04T14:30:00Z", "2026-07-04 14:30"),
        ("2026-07-04 14:30:00 -0500", "2026-07-04 19:30"),
        ("2026-07-04 14:30:00 UTC", "2026-07-04 14:30"),
        ("2026-10-25 02:30", "2026-10-25 00:30"),  # ambiguous in Berlin: the first
        ("2026-03-29 03:00", "2026-03-29 01:00"),
    ],
)
def test_dates_are_parsed_in_the_tenants_zone(importer: Importer, text: str, utc: str) -> None:
    importer.tenant()
    importer.load(f"A1,Toms,{text},1.00")
    assert importer.orders("placed_at") == [(datetime.fromisoformat(utc).replace(tzinfo=UTC),)]


@pytest.mark.parametrize(
    "text",
    ["04.07.2026", "07/04/2026", "2026-13-01", "2026-02-29", "20260704", "2026-W01-1", "46207", "2026-07-04T25:00"],
)
def test_an_invalid_date_is_rejected(importer: Importer, text: str) -> None:
    importer.tenant()
    importer.load(f"A1,Toms,{text},1.00")
    assert importer.reasons()[2].startswith(f"placed_at '{text}' is not a date; allowed: 1996-07-04")


def test_a_nonexistent_local_time_is_rejected(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-03-29 02:30,1.00", "A2,Toms,2026-03-29 02:30+01:00,1.00")
    assert "'2026-03-29 02:30' does not exist in Europe/Berlin" in importer.reasons()[2]
    assert importer.orders("number") == [("A2",)]


def test_a_day_without_a_midnight_begins_after_the_jump(importer: Importer) -> None:
    importer.tenant(timezone="America/Sao_Paulo")
    importer.load("A1,Toms,2018-11-04,1.00")
    assert importer.orders("placed_at") == [(datetime(2018, 11, 4, 3, tzinfo=UTC),)]
