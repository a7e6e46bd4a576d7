"""`flask orders import` of files with errors: which orders are rejected, with which reasons, and which are placed."""

from __future__ import annotations

import os

import pytest

from ..support.imports import LINES, Importer


def test_an_invalid_line_rejects_its_whole_order_and_no_other(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "A1,Toms,2026-01-02,,Tea,1,5.00,,",
        "A2,Toms,2026-01-02,,Tea,1,5.00,,",
        "A1,Toms,2026-01-02,,Rice,few,5.00,2,",
        "",
        ",Toms,2026-01-02,,Rice,1,5.00,,",
        "A2,Toms,2026-01-02,,Rice,1,5.00,,,",
        "A3,Toms,2026-01-02,,Tea,1,5.00,,",
        header=LINES,
    )
    assert result.exit_code == 1
    assert importer.orders("number") == [("A3",)]
    reasons = importer.reasons()
    assert list(reasons) == [2, 3, 4, 6, 7]
    assert reasons[2].startswith("line 4 of this order was rejected")
    assert reasons[3].startswith("line 7 of this order was rejected")
    assert "quantity 'few' is not a number; allowed: digits" in reasons[4]
    assert "discount_rate '2' is more than 1; allowed: 0 to 1" in reasons[4]
    assert reasons[6] == "the order number is empty"
    assert "the row has 10 fields but the header has 9" in reasons[7]
    assert "rejected   2 orders, 5 rows" in result.output


def test_the_report_contains_the_row_and_can_be_corrected_and_imported(importer: Importer) -> None:
    importer.tenant()
    importer.load('A1,"Toms\nSpezialitäten",2026-01-02,12.345', "A2,Ana,2026-01-02,1.00")
    [row] = importer.rejected()
    assert (row["rejected_line"], row["rejected_number"], row["customer"]) == ("2", "A1", "Toms\nSpezialitäten")
    assert "total '12.345' has 3 digits after the point; EUR has 2" in row["rejected_reason"]
    corrected = importer.report.read_text().replace("12.345", "12.34", 2).replace("'12.34'", "")
    importer.path.write_text(corrected)
    assert importer.run().exit_code == 0
    assert importer.orders() == [("A1", "Toms\nSpezialitäten", 1234), ("A2", "Ana", 100)]
    assert not importer.report.exists(), "nothing was rejected, so the old report is deleted"


def test_line_numbers_count_lines_not_rows(importer: Importer) -> None:
    importer.tenant()
    importer.load('A1,"one\ntwo\nthree",2026-01-02,1.00', "", "A2,Ana,yesterday,1.00")
    assert list(importer.reasons()) == [6]


def test_the_exit_code_is_2_when_no_order_is_valid(importer: Importer) -> None:
    importer.tenant()
    assert importer.load("A1,Toms,2026-01-02,1.x").exit_code == 2
    assert "total '1.x' is not a number; allowed: digits" in importer.reasons()[2]


@pytest.mark.parametrize(
    ("column", "first", "second", "reason"),
    [
        ("customer", "Toms", "Hanari", "customer differs: 'Toms' on line 2, 'Hanari' on line 4"),
        (
            "paid_at",
            "2026-01-02",
            "2026-01-03T10:00",
            "paid_at differs: '2026-01-02 00:00:00+01' on line 2, '2026-01-03 10:00:00+01' on line 4",
        ),
        ("freight", "1.00", "1.50", "freight differs: '1.00' on line 2, '1.50' on line 4"),
        ("total", "7.00", "17.5", "total differs: '7.00' on line 2, '17.50' on line 4"),
    ],
)
def test_contradictory_lines_reject_their_order_with_both_values(
    importer: Importer, column: str, first: str, second: str, reason: str
) -> None:
    importer.tenant()
    header = ["number", "customer", "placed_at", "product", "quantity", "price", "paid_at", "freight", "total"]
    row = {
        "number": "A1",
        "customer": "C",
        "placed_at": "2026-01-02",
        "product": "Tea",
        "quantity": "1",
        "price": "1",
        "total": "3",
    }
    lines = [row | {column: first}, row | {"number": "A2"}, row | {column: second}]
    importer.load(*[",".join(line.get(name, "") for name in header) for line in lines], header=",".join(header))
    assert importer.reasons() == {2: reason, 4: reason}
    assert importer.orders("number") == [("A2",)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A1,,2026-01-02,1.00,,", "the customer is empty"),
        ("A1,Toms,,1.00,,", "the order date is empty"),
        ("A1,Toms,2026-01-02,,,", "the order has neither a total nor lines with prices"),
        ("A1,Toms,2026-01-02,1.00,2026-01-02,1.01", "the refund is more than the total (1.01 of 1.00)"),
        ("A1,Toms,2026-01-02,1.00,,1.00", "the order is refunded but was never paid"),
        (f"{'N' * 65},Toms,2026-01-02,1.00,,", "has 65 characters; allowed: up to 64"),
    ],
)
def test_an_order_that_violates_a_table_constraint_is_rejected(importer: Importer, row: str, reason: str) -> None:
    importer.tenant()
    importer.load(row, header="number,customer,placed_at,total,paid_at,refunded")
    assert reason in importer.reasons()[2]


def test_a_currency_other_than_the_boards_is_rejected(importer: Importer) -> None:
    importer.tenant()
    importer.load(
        "A1,Toms,2026-01-02,1.00,USD", "A2,Toms,2026-01-02,1.00,eur", header="number,customer,placed_at,total,currency"
    )
    assert importer.reasons() == {2: "currency 'USD' is not the board's currency; allowed: EUR"}
    assert importer.orders("number", "currency") == [("A2", "EUR")]


def test_backslashes_and_tabs_are_preserved(importer: Importer) -> None:
    importer.tenant()
    importer.load('A\\1,"\\N back\\slash\ttab",2026-01-02,1.00')
    assert importer.orders() == [("A\\1", "\\N back\\slash\ttab", 100)]


def test_the_reasons_are_printed_if_the_folder_is_not_writable(importer: Importer) -> None:
    importer.tenant()
    importer.report.mkdir()  # root ignores permissions
    (importer.report / "taken").touch()
    result = importer.load("A1,Toms,2026-01-02,1.00", *[f"B{n},Toms,never,1.00" for n in range(25)])
    assert result.exit_code == 1
    assert "The rejected rows cannot be written" in result.output
    assert result.output.count("'never' is not a date") == 20
    assert importer.orders("number") == [("A1",)]
    assert not [name for name in os.listdir(importer.folder) if name.endswith(".partial")]


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ("A1,{},2026-01-02,,Tea,1,5.00,,", "customer 'xxxxxxxxxxxxxxxxxxxx…' has 501 characters; allowed: up to 500"),
        ("A1,Toms,2026-01-02,,{},1,5.00,,", "product 'xxxxxxxxxxxxxxxxxxxx…' has 501 characters; allowed: up to 500"),
    ],
)
def test_a_text_that_is_too_long_is_rejected(importer: Importer, row: str, seen: str) -> None:
    importer.tenant()
    fits = row.format("x" * 500).replace("A1", "A2")
    result = importer.load(row.format("x" * 501), fits, header=LINES)
    assert result.exit_code == 1
    assert importer.reasons() == {2: seen}
    assert importer.orders("number") == [("A2",)]


def test_an_owners_address_that_is_too_long_is_rejected(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        f"A1,Toms,2026-01-02,1.00,{'x' * 320}@example.com",
        header="number,customer,placed_at,total,owner email",
        options=("--owners", "create"),
    )
    assert result.exit_code == 2
    assert "has 332 characters; allowed: up to 320" in importer.reasons()[2]
