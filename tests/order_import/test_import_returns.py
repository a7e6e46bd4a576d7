"""Rows with a negative quantity or a negative total: they become a refund of their order, or are rejected."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ..support.imports import HEADER, Importer
from ..support.world import World

PAID = f"{HEADER},paid_at"
ITEMS = "number,customer,placed_at,paid_at,product,quantity,unit_price,total"
FULL = "A1,Toms,2026-01-02 10:00,2026-01-02 10:00,"


def load(importer: Importer, *rows: str, header: str, options: tuple[str, ...] = ()) -> str:
    result = importer.load(*rows, header=header, options=options)
    assert result.exit_code == 0, result.output
    return result.output


def refunds(world: World) -> list[tuple[int, datetime]]:
    """The amount and the moment of each refund's event."""
    return [(event["amount_minor"], event["occurred_at"]) for event in world.events() if event["type"] == "refunded"]


@pytest.mark.parametrize("quantity", ["-1", "(1)", "1-", "\u22121"])
def test_a_row_with_a_negative_quantity_is_a_refund_of_its_order(
    importer: Importer, world: World, quantity: str
) -> None:
    importer.tenant()
    load(importer, f"{FULL}Tea,3,5.00,", f"{FULL}Tea,{quantity},5.00,", header=ITEMS)
    assert importer.orders("total_minor", "refunded_minor", "status") == [(1500, 500, "paid")]
    assert importer.lines() == [("A1", 1, "", "Tea", 3.0, 500, 1500)]
    assert refunds(world) == [(500, datetime(2026, 1, 2, 9, tzinfo=UTC))]


def test_a_return_with_a_date_of_its_own_counts_on_that_day(importer: Importer, world: World) -> None:
    importer.tenant()
    load(importer, "A1,Toms,2026-01-05 12:00,,Tea,-1,5.00,", f"{FULL}Tea,3,5.00,", header=ITEMS)
    assert refunds(world) == [(500, datetime(2026, 1, 5, 11, tzinfo=UTC))]
    assert importer.orders("placed_at", "refunded_at") == [
        (datetime(2026, 1, 2, 9, tzinfo=UTC), datetime(2026, 1, 5, 11, tzinfo=UTC))
    ]


@pytest.mark.parametrize("total", ["15.00", "10.00"])
def test_a_total_may_hold_the_returned_items_or_not(importer: Importer, total: str) -> None:
    importer.tenant()
    load(importer, f"{FULL}Tea,3,5.00,{total}", f"{FULL}Tea,-1,5.00,{total}", header=ITEMS)
    assert importer.orders("total_minor", "refunded_minor") == [(1500, 500)]


def test_a_negative_total_is_a_credit_note_of_its_order(importer: Importer, world: World) -> None:
    importer.tenant()
    load(
        importer,
        "A1,Toms,2026-01-02,100.00,2026-01-02",
        "A1,Toms,2026-01-05,-30.00,2026-01-05",
        "A1,Toms,2026-01-07,-20.00,",
        header=PAID,
    )
    assert importer.orders("total_minor", "refunded_minor") == [(10000, 5000)]
    assert refunds(world) == [(5000, datetime(2026, 1, 6, 23, tzinfo=UTC))]


def test_a_credit_note_of_several_items_counts_its_total_once(importer: Importer) -> None:
    importer.tenant()
    note = "A1,Toms,2026-01-05,,"
    load(importer, f"{FULL}Tea,10,5.00,60.00", f"{note}Tea,-2,5.00,-17.00", f"{note}Rice,-1,5.00,-17.00", header=ITEMS)
    assert importer.orders("total_minor", "refunded_minor") == [(6000, 1700)]


def test_credit_notes_of_one_moment_count_each(importer: Importer) -> None:
    importer.tenant()
    load(importer, f"{FULL}Tea,10,5.00,50.00", *["A1,Toms,2026-01-05,,Tea,-1,5.00,-5.00"] * 2, header=ITEMS)
    assert importer.orders("refunded_minor") == [(1000,)]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["A1,Toms,2026-01-02,-5.00,"], "a return of an order that is not known: it is neither in this file nor among"),
        (["A1,Toms,2026-01-02,5.00,", "A1,Toms,2026-01-03,-5.00,"], "the order has a return but was never paid"),
        (
            ["A1,Toms,2026-01-02,5.00,2026-01-02", "A1,Toms,2026-01-03,-6.00,"],
            "are more than the total (6.00 of 5.00)",
        ),
        (
            ["A1,Toms,2026-01-02,5.00,2026-01-02", "A1,Toms,2099-01-03,-1.00,"],
            "dated in the future (2099-01-03 00:00:00+01)",
        ),
        (["A1,Toms,soon,5.00,", "A1,Toms,2026-01-03,-5.00,"], "line 2 of this order was rejected"),
    ],
)
def test_a_return_that_fits_no_order_is_rejected_with_its_reason(
    importer: Importer, rows: list[str], reason: str
) -> None:
    importer.tenant()
    result = importer.load(*rows, "A2,Toms,2026-01-02,1.00,", header=PAID)
    assert result.exit_code == 1, result.output
    reasons = importer.reasons()
    assert reason in reasons[len(rows) + 1]
    assert f"1 orders, {len(rows)} rows" in result.output
    assert importer.orders("number") == [("A2",)]


def test_a_total_that_fits_the_items_neither_with_nor_without_returns_is_rejected(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(f"{FULL}Tea,3,5.00,16.00", f"{FULL}Tea,-1,5.00,16.00", header=ITEMS)
    assert result.exit_code == 2
    assert "neither with nor without them" in importer.reasons()[3]


def test_a_negative_price_of_a_sold_item_is_no_return(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(f"{FULL}Tea,3,5.00,", f"{FULL}Voucher,1,-5.00,", header=ITEMS)
    assert result.exit_code == 2
    assert "unit_price '-5.00' is negative" in importer.reasons()[3]


def test_a_return_of_a_known_order_needs_update_and_is_added_once(importer: Importer, world: World) -> None:
    importer.tenant()
    load(importer, "A1,Toms,2026-01-02,100.00,2026-01-02", header=PAID)
    first, second = "A1,Toms,2026-01-05,-30.00,", "A1,Toms,2026-01-07,-20.00,"
    output = load(importer, first, header=PAID)
    assert "add --update to bring 1 of them up to date: paid 0, shipped 0, refunded 1" in output
    assert refunds(world) == []
    assert "updated    1 orders: paid 0, shipped 0, refunded 1" in load(
        importer, first, header=PAID, options=("--update",)
    )
    # The next file has the next return only, or both.
    for rows in ([second], [first, second], [first], [second]):
        load(importer, *rows, header=PAID, options=("--update",))
    assert importer.orders("refunded_minor", "total_minor", "customer") == [(5000, 10000, "Toms")]
    assert refunds(world) == [
        (3000, datetime(2026, 1, 4, 23, tzinfo=UTC)),
        (2000, datetime(2026, 1, 6, 23, tzinfo=UTC)),
    ]


def test_returns_of_more_than_the_total_refund_the_total_and_say_so(importer: Importer) -> None:
    importer.tenant()
    load(importer, "A1,Toms,2026-01-02,10.00,2026-01-02", "A2,Toms,2026-01-02,10.00,", header=PAID)
    rows = ("A1,Toms,2026-01-05,-30.00,", "A2,Toms,2026-01-05,-3.00,")
    output = load(importer, *rows, header=PAID, options=("--update",))
    assert "refunded 1" in output
    assert "A1: 30.00 refunded in the file, and a total of 10.00\n" in output
    assert "A2: 3.00 refunded in the file, and never paid\n" in output
    assert importer.orders("refunded_minor") == [(1000,), (0,)]
