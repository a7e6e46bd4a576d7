"""The files and headers that the import accepts, and its errors for all others."""

from __future__ import annotations

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
        ("Name,Email,Financial Status,Lineitem name", (), "The file looks like Shopify's orders export, without Created at"),
        (HEADER, ("--encoding", "klingon"), "--encoding 'klingon' is unknown; allowed: auto, utf-8"),
        (HEADER, ("--encoding", "hex"), "--encoding 'hex' is unknown"),
        (HEADER, ("--delimiter", "ab"), "--delimiter 'ab' is not one character"),
        (HEADER, ("--zone", "PST"), "--zone 'PST' is not a time zone; allowed: a name of the tz database, such as UTC"),
        (HEADER, ("--zone", "../etc/passwd"), "--zone '../etc/passwd' is not a time zone"),
        (HEADER, ("--header-line", "0"), "--header-line 0 is not the number of a line; allowed: 1 or more"),
        (HEADER, ("--header-line", "9"), "has no row that begins on line 9; give the line of the columns' names"),
        (HEADER, ("--sheet", "Orders"), "--sheet 'Orders' names a sheet of a workbook (.xlsx)"),
        (HEADER, ("--map", "sku=#5"), "the file has no column '#5'; it has number, customer, placed_at, total"),
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


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_of_quoted_names_is_detected(importer: Importer, delimiter: str) -> None:
    importer.tenant()
    header = '"number"|"customer"|"placed_at"|"a, long; ""total"""|total'.replace("|", delimiter)
    result = importer.load('"A1"|"Toms"|"2026-01-02"|""|"5.00"'.replace("|", delimiter), header=header)
    assert result.exit_code == 0, result.output


def test_any_other_delimiter_can_be_named(importer: Importer) -> None:
    importer.tenant()
    importer.load(GOOD.replace(",", "|"), header=HEADER.replace(",", "|"), options=("--delimiter", "|"))
    assert importer.orders() == [("A1", "Toms", 123450)]


def test_a_byte_order_mark_is_not_part_of_the_first_column_name(importer: Importer) -> None:
    importer.tenant()
    importer.write(GOOD, encoding="utf-8-sig")
    assert importer.run().exit_code == 0


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


@pytest.mark.parametrize(("currency", "text", "minor"), [("JPY", "1200", 1200), ("KWD", "1.234", 1234)])
def test_amounts_have_the_decimal_places_of_their_currency(
    importer: Importer, currency: str, text: str, minor: int
) -> None:
    importer.tenant(currency=currency)
    importer.load(
        f"A1,Toms,2026-01-02,{text}",
        f"A2,Toms,2026-01-02,{text}{'' if '.' in text else '.'}5",
        options=("--decimal", "point"),
    )
    assert importer.orders("number", "total_minor") == [("A1", minor)]
    assert f"{currency} has" in importer.reasons()[3]
