"""Status columns of any file: words become states, rows that are not orders are left out, unknown words stop the import."""

from __future__ import annotations

import pytest

from webapp.order_import.errors import FileRefused
from webapp.order_import.statuses import Meaning, parse_given, plain_word

from ..support.imports import Importer

HEADER = "Order ID,Order Date,Status,Order Total,Customer"


def rows(*words: str) -> tuple[str, ...]:
    return tuple(f"{number},2026-11-20 14:05:00,{word},25.00,Ada" for number, word in enumerate(words, 501))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *[
            ("completed", "paid"),
            ("paid", "paid"),
            ("Bezahlt", "paid"),
            ("delivered", "shipped"),
            ("Expédiée", "shipped"),
        ],
        *[
            ("wc-cancelled", "cancelled"),
            ("storniert", "cancelled"),
            ("refunded", "refunded"),
            ("Rimborsato", "refunded"),
        ],
        *[("pending", "placed"), ("on-hold", "placed"), ("En attente", "placed"), ("", "placed")],
    ],
)
def test_known_words_of_a_status_column_are_mapped(importer: Importer, word: str, status: str) -> None:
    importer.tenant()
    result = importer.load(*rows(word), header=HEADER)
    assert result.exit_code == 0, result.output
    assert importer.orders("status") == [(status,)]


@pytest.mark.parametrize("word", ["failed", "trash", "draft", "Entwurf", "Brouillon", "Papelera", "fallito", "mislukt"])
def test_rows_that_are_not_orders_are_left_out_and_counted_by_word(importer: Importer, word: str) -> None:
    importer.tenant()
    result = importer.load(*rows("completed", word, word), header=HEADER)
    assert result.exit_code == 0, result.output
    assert importer.orders("number") == [("501",)]
    assert f"{word} = not an order (2)" in result.output
    assert "left out   rows that are not orders (2)" in result.output
    assert not importer.report.exists()


def test_unknown_words_stop_the_import_with_their_rows_and_the_option(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(*rows("paid", "Weird", "Weird", "Odd"), header=HEADER)
    assert result.exit_code == 2
    assert "Status 'Weird' (2), Status 'Odd' (1)" in result.output
    assert '--status "Weird=paid"' in result.output
    assert importer.orders() == []
    given = ("--status", "Weird=paid and shipped", "--status", "odd=not an order")
    assert importer.run(*given).exit_code == 0
    assert importer.orders("number", "status") == [("501", "paid"), ("502", "shipped"), ("503", "shipped")]


def test_a_word_that_is_given_replaces_the_known_meaning(importer: Importer) -> None:
    importer.tenant()
    assert importer.load(*rows("completed"), header=HEADER, options=("--status", "Completed=placed")).exit_code == 0
    assert importer.orders("status") == [("placed",)]


@pytest.mark.parametrize("column", ["paid", "#5"])
def test_a_column_that_is_mapped_as_the_status_is_not_a_time_of_payment_too(importer: Importer, column: str) -> None:
    importer.tenant()
    header = "number,customer,placed_at,total,paid"
    importer.load("A1,T,2026-01-02,1,Yes", "A2,T,2026-01-02,1,No", header=header)
    assert 'use --map status=Column and --status "Yes=paid"' in importer.reasons()[2]
    result = importer.run("--map", f"status={column}", "--status", "Yes=paid", "--status", "No=placed")
    assert result.exit_code == 0, result.output
    assert importer.orders("status") == [("paid",), ("placed",)]


@pytest.mark.parametrize("text", ["Completed", "Completed=finished", "Completed="])
def test_a_status_option_without_a_known_state_is_refused(importer: Importer, text: str) -> None:
    importer.tenant()
    result = importer.load(*rows("completed"), header=HEADER, options=("--status", text))
    assert (result.exit_code, "is not valid" in result.output) == (2, True)


def test_the_summary_states_where_times_come_from(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(*rows("completed", "cancelled"), header=HEADER)
    assert "times      payment times are taken from Order Date (one row)" in result.output
    assert "times      cancellation times are taken from Order Date (one row)" in result.output
    assert importer.orders("paid_at = placed_at", "cancelled_at = placed_at") == [(True, None), (None, True)]


def test_a_column_of_payment_times_decides_over_the_state_of_shipping(importer: Importer) -> None:
    importer.tenant()
    header = "number,customer,placed_at,total,status,paid_at"
    importer.load("A1,T,2026-01-02,1,shipped,", "A2,T,2026-01-02,1,shipped,2026-01-03", header=header)
    assert importer.orders("paid_at IS NULL", "shipped_at IS NULL") == [(True, False), (False, False)]


def test_payment_and_fulfillment_statuses_are_read_beside_each_other(importer: Importer) -> None:
    importer.tenant()
    header = "number,customer,placed_at,total,payment status,fulfillment status"
    result = importer.load(
        *(
            "A1,T,2026-01-02,1,paid,unfulfilled",
            "A2,T,2026-01-02,1,pending,shipped",
            "A3,T,2026-01-02,1,paid,fulfilled",
        ),
        "A4,T,2026-01-02,1,partially_paid,unfulfilled",
        header=header,
    )
    assert result.exit_code == 0, result.output
    assert importer.orders("paid_at IS NOT NULL", "shipped_at IS NOT NULL") == [
        *[(True, False), (False, True), (True, True), (False, False)]
    ]
    assert "1 order partially paid; what came in is not counted" in result.output


def test_a_wholly_refunded_order_with_lines_is_refunded_with_its_freight(importer: Importer) -> None:
    importer.tenant()
    header = "number,customer,placed_at,product,quantity,price,freight,status"
    importer.load("A1,T,2026-01-02,Tea,2,5.00,1.50,refunded", "A1,T,2026-01-02,Cup,1,3.00,1.50,refunded", header=header)
    assert importer.orders("total_minor", "refunded_minor", "status") == [(1450, 1450, "refunded")]


def test_the_state_of_an_address_is_not_a_status(importer: Importer) -> None:
    importer.tenant()
    result = importer.load("A1,T,2026-01-02,1,CA,Sampleton", header="number,customer,placed_at,total,Meaning,City")
    assert result.exit_code == 0, result.output
    assert importer.load("A2,T,2026-01-02,1,CA", header="number,customer,placed_at,total,State").exit_code == 2


def test_a_status_column_is_chosen_or_left_out_with_map(importer: Importer) -> None:
    importer.tenant()
    importer.write("A1,T,2026-01-02,1,weird,paid", header="number,customer,placed_at,total,status,progress")
    assert importer.run().exit_code == 2
    assert importer.run("--map", "status=progress").exit_code == 0
    assert importer.orders("status") == [("paid",)]
    assert "unchanged" in importer.run("--map", "status=progress").output
    assert importer.run("--map", "status=").exit_code == 0
    result = importer.run("--map", "status=Nothing")
    assert (result.exit_code, "no column 'Nothing'" in result.output) == (2, True)


def test_a_column_of_many_words_is_not_a_status(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(*rows(*(f"note {number}" for number in range(150))), header=HEADER)
    assert result.exit_code == 2
    assert "more than 100 different words" in result.output
    assert "--map status=" in result.output


def test_words_are_compared_without_case_signs_and_prefix() -> None:
    assert {plain_word(word) for word in ("WC-On_Hold", "on  hold", "On-hold")} == {"on hold"}
    assert parse_given(["A=B=paid"]) == {"a=b": Meaning.PAID}
    with pytest.raises(FileRefused):
        parse_given(["paid"])


def test_a_status_option_without_a_status_column_is_refused(importer: Importer) -> None:
    importer.tenant()
    result = importer.load("A1,Toms,2026-01-02,1.00", options=("--status", "Completed=paid"))
    assert (result.exit_code, "--status needs a status column" in result.output) == (2, True)
