"""`flask orders import --update`: existing orders are brought up to date, and nothing is taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ..support.imports import HEADER, LINES, Importer
from ..support.rings import rings
from ..support.world import Service, World

TIMES = f"{HEADER},paid_at,shipped_at,cancelled_at,refunded,refunded_at"
UPDATE = ("--update",)


def update(importer: Importer, *rows: str, header: str = TIMES) -> str:
    result = importer.load(*rows, header=header, options=UPDATE)
    assert result.exit_code == 0, result.output
    return result.output


def types(world: World) -> list[str]:
    return [event["type"] for event in world.events()]


def test_a_payment_a_shipment_a_refund_and_a_cancellation_are_added_with_their_events(
    importer: Importer, world: World
) -> None:
    importer.tenant()
    importer.load(*[f"A{n},Toms,2026-01-02,10.00,,,,," for n in range(4)], header=TIMES)
    output = update(
        importer,
        "A0,Toms,2026-01-02,10.00,2026-01-03 08:00,2026-01-04,,,",
        "A1,Toms,2026-01-02,10.00,2026-01-03,,,4.00,2026-01-05 10:00",
        "A2,Toms,2026-01-02,10.00,,,2026-01-06,,",
        "A3,Ana,2026-01-02,12.00,,,,,",
        "A4,Toms,2026-01-02,10.00,,,,,",
    )
    assert "placed     1 orders" in output
    assert "updated    4 orders: paid 2, shipped 1, refunded 1, cancelled 1, edited 1\n" in output
    assert "kept" not in output
    assert importer.orders("number", "status", "customer", "total_minor", "refunded_minor") == [
        ("A0", "shipped", "Toms", 1000, 0),
        ("A1", "paid", "Toms", 1000, 400),
        ("A2", "cancelled", "Toms", 1000, 0),
        ("A3", "placed", "Ana", 1200, 0),
        ("A4", "placed", "Toms", 1000, 0),
    ]
    assert importer.orders("paid_at")[0] == (datetime(2026, 1, 3, 7, tzinfo=UTC),)
    added = [(event["type"], event["occurred_at"].date().isoformat()) for event in world.events()[5:]]
    assert sorted(kind for kind, _ in added) == ["cancelled", "edited", "paid", "paid", "refunded", "shipped"]
    assert ("refunded", "2026-01-05") in added
    assert {event["via"] for event in world.events()} == {"doorbell import"}


def test_a_second_update_changes_nothing_and_does_not_ring(importer: Importer, world: World, service: Service) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,10.00,,,,,", header=TIMES)
    rows = ("A1,Toms,2026-01-02,11.00,2026-01-03,2026-01-04,,4.00,2026-01-05",)
    with rings(service) as rung:
        assert "updated    1 orders" in update(importer, *rows)
    assert len(rung) == 1
    before, events = importer.orders("*"), world.events()
    with rings(service) as rung:
        output = update(importer, *rows)
    assert "unchanged  1 orders" in output
    assert "updated    0 orders\n" in output
    assert (importer.orders("*"), world.events(), rung) == (before, events, [])


def test_without_the_option_the_summary_names_it_when_it_would_help(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,10.00,,,,,", "A2,Toms,2026-01-02,10.00,2026-01-03,,,,", header=TIMES)
    before = importer.orders("*")
    rows = ("A1,Toms,2026-01-02,10.00,2026-01-03,,,,", "A2,Toms,2026-01-02,10.00,,,,,")
    output = importer.load(*rows, header=TIMES).output
    assert "different  2 orders exist with other content and were not changed: A1, A2\n" in output
    assert (
        "add --update to bring 1 of them up to date: paid 1, shipped 0, refunded 0, cancelled 0, edited 0\n" in output
    )
    output = importer.load(rows[1], header=TIMES).output
    assert "different  1 orders" in output
    assert "--update" not in output
    assert importer.orders("*") == before


@pytest.mark.parametrize(
    ("here", "file", "reason"),
    [
        ("2026-01-03 09:00,,,,", ",,,,", "paid here (2026-01-03 09:00:00+01), not in the file"),
        (",2026-01-03,,,", ",,,,", "shipped here (2026-01-03 00:00:00+01), not in the file"),
        (",,2026-01-03,,", ",,,,", "cancelled here (2026-01-03 00:00:00+01), not in the file"),
        ("2026-01-03,,,5.00,", "2026-01-03,,,2.00,", "5.00 refunded here, 2.00 in the file"),
        (",,2026-01-03,,", "2026-01-04,,,,", "cancelled here before it was paid in the file (2026-01-04 00:00:00+01)"),
        (
            ",,2026-01-03,,",
            ",2026-01-04,,,",
            "cancelled here before it was shipped in the file (2026-01-04 00:00:00+01)",
        ),
        (
            "2026-01-03,,,10.00,",
            "2026-01-03,2026-01-04,,,",
            "refunded here in full before it was shipped in the file (2026-01-04 00:00:00+01)",
        ),
    ],
)
def test_what_would_go_backwards_is_left_and_listed(
    importer: Importer, world: World, here: str, file: str, reason: str
) -> None:
    importer.tenant()
    importer.load(f"A1,Toms,2026-01-02,10.00,{here}", header=TIMES)
    before, events = importer.orders("*"), world.events()
    output = update(importer, f"A1,Toms,2026-01-02,10.00,{file}")
    assert "updated    0 orders\n" in output
    assert "kept       1 orders would have gone backwards and keep what they have\n" in output
    assert "A1: " in output
    assert reason in output
    assert (importer.orders("*"), world.events()) == (before, events)


def test_an_order_is_updated_although_a_part_of_it_is_kept(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,10.00,2026-01-03,,,6.00,", header=TIMES)
    output = update(importer, "A1,Toms,2026-01-02,5.00,2026-01-03,2026-01-05,,,")
    assert "updated    1 orders: paid 0, shipped 1" in output
    assert "A1: 6.00 refunded here, 0.00 in the file; a total of 5.00 in the file, and 6.00 refunded here\n" in output
    assert importer.orders("total_minor", "refunded_minor", "status") == [(1000, 600, "shipped")]


def test_a_column_that_the_file_does_not_have_takes_nothing_back(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,10.00,2026-01-03,2026-01-04,,5.00,", header=TIMES)
    output = update(importer, "A1,Ana,2026-01-02,10.00", header=HEADER)
    assert "updated    1 orders: paid 0, shipped 0, refunded 0, cancelled 0, edited 1\n" in output
    assert "kept" not in output
    assert importer.orders("customer", "status", "refunded_minor") == [("Ana", "shipped", 500)]


def test_the_earlier_of_two_times_counts_and_a_date_alone_replaces_no_time_of_its_day(
    importer: Importer, world: World
) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02 10:00,10.00,2026-01-03 10:00,2026-01-04 10:00,,,", header=TIMES)
    assert "updated    0" in update(importer, "A1,Toms,2026-01-02,10.00,2026-01-03,2026-01-04 11:00,,,")
    assert "edited 1" in update(importer, "A1,Toms,2026-01-02,10.00,2026-01-03 08:00,2026-01-03,,,")
    assert importer.orders("placed_at", "paid_at", "shipped_at") == [
        (
            datetime(2026, 1, 2, 9, tzinfo=UTC),
            datetime(2026, 1, 3, 7, tzinfo=UTC),
            datetime(2026, 1, 2, 23, tzinfo=UTC),
        )
    ]
    assert types(world)[3:] == ["edited"]


def test_refunds_only_grow_and_each_counts_on_its_own_day(importer: Importer, world: World) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,10.00,2026-01-03,,,,", header=TIMES)
    update(importer, "A1,Toms,2026-01-02,10.00,2026-01-03,,,2.00,2026-01-05")
    # Cumulative, with the same date again: the file knows no hours.
    update(importer, "A1,Toms,2026-01-02,10.00,2026-01-03,,,5.00,2026-01-05")
    update(importer, "A1,Toms,2026-01-02,10.00,2026-01-03,,,6.00,2026-01-07")
    refunds = [event for event in world.events() if event["type"] == "refunded"]
    midnight = datetime(2026, 1, 4, 23, tzinfo=UTC)
    assert [(event["amount_minor"], event["occurred_at"]) for event in refunds] == [
        (200, midnight),
        (300, midnight + timedelta(microseconds=1)),
        (100, midnight + timedelta(days=2)),
    ]


def test_a_refund_without_a_date_counts_now(importer: Importer, world: World) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,10.00,2026-01-03,,,,", header=TIMES)
    before = world.now()
    update(importer, "A1,Toms,2026-01-02,10.00,2026-01-03,,,2.00,")
    assert world.events()[-1]["occurred_at"] >= before
    assert importer.orders("refunded_at")[0][0] >= before


def test_items_become_those_of_the_file_but_a_file_without_items_keeps_them(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,,Tea,2,5.00,,", "A1,Toms,2026-01-02,,Rice,1,3.00,,", header=LINES)
    output = update(importer, "A1,Toms,2026-01-02,,Tea,3,5.00,,", header=LINES)
    assert "edited 1" in output
    assert importer.lines() == [("A1", 1, "", "Tea", 3.0, 500, 1500)]
    assert importer.orders("total_minor") == [(1500,)]
    assert "updated    0" in update(importer, "A1,Toms,2026-01-02,15.00", header=HEADER)
    assert len(importer.lines()) == 1


def test_owners_are_assigned_but_an_empty_cell_unassigns_nobody(importer: Importer, world: World) -> None:
    tenant = importer.tenant()
    ana, ben = (world.user(tenant, name, email=f"{name}@x.example") for name in ("ana", "ben"))
    header = f"{HEADER},owner_email"
    importer.load("A1,T,2026-01-02,5.00,ana@x.example", "A2,T,2026-01-02,5.00,ana@x.example", header=header)
    update(importer, "A1,T,2026-01-02,5.00,ben@x.example", "A2,T,2026-01-02,5.00,", header=header)
    assert importer.orders("owner_id") == [(ben,), (ana,)]
    assert types(world)[2:] == ["reassigned"]
    rows = ("A1,T,2026-01-02,5.00,new@x.example",)
    result = importer.load(*rows, header=header, options=("--update", "--owners", "create"))
    assert "people     1 created" in result.output
    assert importer.orders("owner_id")[0][0] not in (ana, ben)


def test_a_dry_run_of_an_update_tells_what_it_would_do_and_does_nothing(importer: Importer, world: World) -> None:
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,10.00,,,,,", header=TIMES)
    before, events = importer.orders("*"), world.events()
    options = ("--update", "--dry-run")
    output = importer.load("A1,Toms,2026-01-02,10.00,2026-01-03,,,,", header=TIMES, options=options).output
    assert "would update 1 orders: paid 1, shipped 0" in output
    assert (importer.orders("*"), world.events()) == (before, events)


def test_only_what_happened_within_a_day_is_news_for_the_owner(importer: Importer, world: World) -> None:
    ana = world.user(importer.tenant(), email="ana@x.example")
    header = f"{HEADER},owner_email,paid_at,shipped_at"
    placed = [f"A{n},Toms,2026-01-02,10.00,ana@x.example,," for n in range(2)]
    importer.load(*placed, header=header)
    recent: Any = (world.now() - timedelta(hours=2)).isoformat()
    update(importer, f"{placed[0][:-1]}2026-01-03,{recent}", f"{placed[1][:-1]}2026-01-03,2026-01-04", header=header)
    assert types(world)[2:] == ["paid", "shipped"] * 2
    found = world.conn.execute("SELECT user_id, number, type FROM notifications n JOIN orders o ON o.id = order_id")
    assert found.fetchall() == [(ana, "A0", "shipped")]


def test_shopifys_next_export_brings_an_order_up_to_date(importer: Importer) -> None:
    importer.tenant()
    header = (
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Billing Name,Cancelled at,Refunded Amount,Outstanding Balance"
    )
    order = "EUR,40.00,2026-01-20 10:00:00 +0100,1,Lamp,40.00,Cy Example,,0.00"
    monday = f"#1005,c@example.com,pending,,unfulfilled,,{order},40.00"
    paid, shipped = "2026-01-21 08:00:00 +0100", "2026-01-21 09:00:00 +0100"
    tuesday = f"#1005,c@example.com,paid,{paid},fulfilled,{shipped},{order},0.00"
    shopify = ("--format", "shopify")
    assert importer.load(monday, header=header, options=shopify).exit_code == 0
    assert "add --update to bring 1 of them" in importer.load(tuesday, header=header, options=shopify).output
    output = importer.load(tuesday, header=header, options=(*shopify, "--update")).output
    assert "updated    1 orders: paid 1, shipped 1, refunded 0, cancelled 0, edited 0\n" in output
    moments = (datetime(2026, 1, 21, 7, tzinfo=UTC), datetime(2026, 1, 21, 8, tzinfo=UTC))
    assert importer.orders("paid_at", "shipped_at") == [moments]
    assert "kept       1 orders" in importer.load(monday, header=header, options=(*shopify, "--update")).output
    assert importer.orders("paid_at", "shipped_at") == [moments]


def test_another_tenants_order_with_the_number_stays_as_it_is(importer: Importer, world: World) -> None:
    other = world.order(world.tenant("other"), number="A1")
    importer.tenant()
    importer.load("A1,Toms,2026-01-02,6.00")
    update(importer, "A1,Toms,2026-01-02,7.00,2026-01-03,,,,")
    assert importer.orders("id", "total_minor")[0] == (other, 1000)
    assert importer.orders("total_minor")[1] == (700,)
