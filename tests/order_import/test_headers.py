"""Headers below other lines, columns of the same name, and columns that --map names."""

from __future__ import annotations

import pytest

from webapp.order_import import preface

from ..support.imports import HEADER, Importer

GOOD = "A1,Toms,2026-01-02,5.00"
REPORT = (
    '"Transaction report"\n"Start date","2026-11-01"\n\n'
    '"Transaction creation date","Type","Order number","Buyer name","Gross transaction amount"'
)
MAPS = (
    "--map",
    "placed_at=Transaction creation date",
    "--map",
    "total=Gross transaction amount",
    "--map",
    "customer=Buyer name",
)


def test_a_header_below_a_title_is_found_and_shown(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        '"2026-11-05","Order","12-1","Ada","26.60"', '"never","Order","12-2","Bo","1.00"', header=REPORT, options=MAPS
    )
    assert result.exit_code == 1, result.output
    assert "header on line 4: the lines above it are not read" in result.output
    assert importer.orders() == [("12-1", "Ada", 2660)]
    assert list(importer.reasons()) == [6]


@pytest.mark.parametrize(
    "title",
    ["Orders of Acme", "Orders\n\nPrinted;on;2026-11-20", 'A "quoted" title', '"Includes Acme, Inc.\nand others"'],
)
def test_titles_of_any_kind_are_passed_over(importer: Importer, title: str) -> None:
    importer.tenant()
    result = importer.load(GOOD, header=f"{title}\n{HEADER}")
    assert result.exit_code == 0, result.output
    assert importer.orders() == [("A1", "Toms", 500)]


def test_the_option_names_the_line_of_the_header(importer: Importer) -> None:
    importer.tenant()
    title = "number,customer,placed_at,total\nthis,is,no,header\n" * 40
    result = importer.load(GOOD, "A2,Ana,never,1.00", header=f"{title}{HEADER}", options=("--header-line", "81"))
    assert result.exit_code == 1, result.output
    assert importer.orders() == [("A1", "Toms", 500)]
    assert list(importer.reasons()) == [83]
    assert importer.run("--header-line", "82").exit_code == 2


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([["number", "customer"], ["1", "Ada", "2026-11-20", "5.00", "x"]], 0),
        ([["Beleg", "Kunde", "Datum", "Summe"], ["1", "Ada", "2026-11-20", "5"]], 0),
        ([["Report"], ["Beleg", "Kunde", "Datum", "Summe"], ["1", "Ada", "2026-11-20", "5"]], 1),
        ([["Report"], ["1", "Ada", "2026-11-20", "5"]], 0),
        ([["a", "b", "c"], ["order number", "customer", "total"]], 1),
        ([["a", "order id", "c"], ["order number", "customer", "total"]], 0),
        ([["注文一覧"], ["注文番号", "顧客", "日付", "合計"], ["1", "山田", "2026-11-20", "5"]], 1),
    ],
)
def test_the_first_row_is_the_header_unless_another_one_clearly_is(records: list[list[str]], expected: int) -> None:
    numbered = list(enumerate(records, 1))
    assert preface.header_of(numbered) == numbered[expected]


def test_a_column_that_map_names_is_not_another_field_too(importer: Importer) -> None:
    importer.tenant()
    result = importer.load("Ada,2026-11-20,12.50", header="Name,Date,Amount", options=("--map", "customer=Name"))
    assert result.exit_code == 2
    assert "No column was found for number; the file has Name, Date, Amount" in result.output


def test_columns_of_one_name_are_chosen_by_their_place(importer: Importer) -> None:
    importer.tenant()
    result = importer.load("A1,Toms,2026-01-02,5.00,7.00", header=HEADER + ",Total")
    assert result.exit_code == 2
    assert (
        "Two columns are named 'total': column 4 (total) and column 5 (Total). Choose one by its place" in result.output
    )
    result = importer.run("--map", "total=#5")
    assert result.exit_code == 0, result.output
    assert "total=Total" in result.output
    assert importer.orders() == [("A1", "Toms", 700)]
