"""Each difference between an order and its events becomes the event that the triggers would have written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from webapp.reconciliation import repair
from webapp.reconciliation.missing_events import VIA

from ..support.triggers import triggers_off
from ..support.world import World

PLACED, PAID, SHIPPED = (datetime.fromisoformat(f"2026-11-2{n} 10:00:00.123456+00:00") for n in range(3))


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def ben(world: World, tenant: int) -> int:
    return world.user(tenant, "Ben Okafor")


def reconcile(world: World, tenant: int = 1) -> list[str]:
    """The types of the events that were written, which a second run does not repeat."""
    written = [missing.type for batch in repair.reconcile(world.conn, tenant) for missing in batch]
    assert list(repair.reconcile(world.conn, tenant)) in ([], [[]])
    assert [found for found in repair.find(world.conn, tenant) if found] == []
    return written


def facts(world: World, skipped: int = 0) -> list[tuple[Any, ...]]:
    """The values of each event that consumers read, from the `skipped`th on."""
    names = ("type", "owner_id", "amount_minor", "old_values", "new_values", "occurred_at")
    return [tuple(event[name] for name in names) for event in world.events()[skipped:]]


def test_an_inserted_order_gets_the_events_that_the_trigger_would_have_written(
    world: World, tenant: int, ben: int
) -> None:
    columns = {"placed_at": PLACED, "paid_at": PAID, "shipped_at": SHIPPED, "owner_id": ben, "refunded_minor": 300}
    columns |= {"cancelled_at": SHIPPED, "refunded_at": SHIPPED}
    world.order(tenant, 1000, **columns)
    by_trigger = facts(world)
    with triggers_off(world.conn):
        world.order(tenant, 1000, **columns)
    assert reconcile(world) == ["placed", "paid", "shipped", "refunded", "cancelled"]
    assert facts(world, len(by_trigger)) == by_trigger
    assert {event["via"] for event in world.events()[len(by_trigger) :]} == {VIA}


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "paid": ({}, {"paid_at": PAID}, ["paid"]),
    "paid and shipped": ({}, {"paid_at": PAID, "shipped_at": SHIPPED}, ["paid", "shipped"]),
    "cancelled": ({"paid_at": PAID}, {"cancelled_at": SHIPPED}, ["cancelled"]),
    "refunded": ({"paid_at": PAID}, {"refunded_minor": 400, "refunded_at": SHIPPED}, ["refunded"]),
    "refunded on the day of the payment": (
        {"paid_at": PAID},
        {"refunded_minor": 400, "refunded_at": PAID - timedelta(hours=10)},
        ["refunded"],
    ),
    "refund reversed": (
        {"paid_at": PAID, "refunded_minor": 400},
        {"refunded_minor": 0, "refunded_at": SHIPPED},
        ["refunded"],
    ),
    "another total": ({}, {"total_minor": 2500}, ["edited"]),
    "another time": ({"paid_at": PAID}, {"paid_at": SHIPPED, "placed_at": PAID}, ["edited"]),
    "payment corrected": ({"paid_at": PAID}, {"paid_at": None}, ["payment_corrected"]),
    "payment and total corrected": (
        {"paid_at": PAID},
        {"paid_at": None, "total_minor": 900},
        ["edited", "payment_corrected"],
    ),
    "shipment corrected": ({"paid_at": PAID, "shipped_at": SHIPPED}, {"shipped_at": None}, ["shipment_corrected"]),
    "refund reversed and payment corrected": (
        {"paid_at": PAID, "refunded_minor": 400},
        {"refunded_minor": 0, "paid_at": None},
        ["refunded", "payment_corrected"],
    ),
    "total and payment": ({}, {"total_minor": 2500, "paid_at": PAID}, ["edited", "paid"]),
    "shipped before it is paid": ({}, {"shipped_at": SHIPPED}, ["shipped"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_gets_the_events_that_the_trigger_would_have_written(world: World, tenant: int, name: str) -> None:
    before, change, types = CHANGES[name]
    seen, unseen = (world.order(tenant, 1000, placed_at=PLACED, **before) for _ in range(2))
    count = len(world.events())
    world.change(seen, **change)
    by_trigger = facts(world, count)
    with triggers_off(world.conn):
        world.change(unseen, **change)
    assert reconcile(world) == types
    written = facts(world, count + len(by_trigger))
    now = {row[5] for row in by_trigger} - {PLACED, PAID, SHIPPED}
    assert [row[:5] for row in written] == [row[:5] for row in by_trigger]
    if not now:  # else the moments differ by the test's own time
        assert written == by_trigger
    assert world.events()[-1]["order_id"] == unseen


def test_a_refund_that_the_trigger_would_have_refused_is_not_dated_in_the_future(world: World, tenant: int) -> None:
    order = world.order(tenant, 1000, paid_at=PAID)
    with triggers_off(world.conn):
        world.change(order, refunded_minor=400, refunded_at=world.now() + timedelta(days=2))
    assert reconcile(world) == ["refunded"]
    assert PAID < world.events()[-1]["occurred_at"] <= world.now()


def test_another_owner_is_a_reassignment(world: World, tenant: int, ben: int) -> None:
    cleo = world.user(tenant, "Cleo Brandt")
    order = world.order(tenant, owner_id=ben)
    for owner, old in ((cleo, ben), (None, cleo)):
        with triggers_off(world.conn):
            world.change(order, owner_id=owner)
        assert reconcile(world) == ["reassigned"]
        event = world.events()[-1]
        assert (event["owner_id"], event["old_values"], event["new_values"]) == (
            owner,
            {"owner_id": old},
            {"owner_id": owner},
        )


def test_a_deleted_order_gets_its_event_with_what_its_events_knew(world: World, tenant: int, ben: int) -> None:
    order = world.order(tenant, 1000, owner_id=ben, placed_at=PLACED)
    world.change(order, paid_at=PAID, total_minor=1200, number="NEW")
    with triggers_off(world.conn):
        world.conn.execute("DELETE FROM orders")
    assert reconcile(world) == ["deleted"]
    event = world.events()[-1]
    moments = {name: datetime.fromisoformat(event["old_values"].pop(name)) for name in ("placed_at", "paid_at")}
    assert moments == {"placed_at": PLACED, "paid_at": PAID}
    assert event["old_values"] == {"number": "NEW", "status": "paid", "total_minor": 1200}
    assert (event["order_id"], event["owner_id"], event["new_values"]) == (order, ben, None)


def test_a_deleted_order_whose_number_no_event_has_is_deleted_without_one(world: World, tenant: int) -> None:
    world.order(tenant)
    with triggers_off(world.conn):
        world.conn.execute("DELETE FROM orders")
    assert reconcile(world) == ["deleted"]
    assert world.events()[-1]["old_values"]["number"] is None


def test_an_order_that_events_met_later_gets_the_missing_ones(world: World, tenant: int) -> None:
    with triggers_off(world.conn):
        order = world.order(tenant, 1000, placed_at=PLACED)
    world.change(order, paid_at=PAID)
    with triggers_off(world.conn):
        world.change(order, shipped_at=SHIPPED, total_minor=900)
    assert reconcile(world) == ["placed", "shipped"]
    placed, shipped = world.events()[-2:]
    assert placed["amount_minor"] == 900
    assert (shipped["old_values"], shipped["new_values"]) == ({"status": "paid"}, {"status": "shipped"})


def test_an_id_that_is_inserted_again_begins_again(world: World, tenant: int) -> None:
    order = world.order(tenant, 1000, placed_at=PLACED, paid_at=PAID)
    again = (
        "INSERT INTO orders (id, tenant_id, number, customer, currency, total_minor, placed_at) OVERRIDING SYSTEM VALUE"
        " VALUES (%s, %s, 'AGAIN', 'x', 'EUR', 700, %s)"
    )
    world.conn.execute("DELETE FROM orders")
    world.conn.execute(again, [order, tenant, PLACED])
    assert reconcile(world) == []
    world.conn.execute("DELETE FROM orders")
    with triggers_off(world.conn):
        world.conn.execute(again, [order, tenant, PLACED])
    assert reconcile(world) == ["placed"]


def ordinary(world: World, tenant: int, ben: int) -> None:
    """Each kind of change, seen by the triggers, several per statement and per transaction."""
    orders = [world.order(tenant, 1000 + n, placed_at=PLACED, owner_id=ben if n % 2 else None) for n in range(6)]
    changes: list[dict[str, Any]] = [
        {"paid_at": PAID, "total_minor": 5},
        {"paid_at": PAID, "shipped_at": SHIPPED, "refunded_minor": 1},
        {"cancelled_at": PAID},
        {"owner_id": ben, "customer": "Else"},
        {"number": "RENAMED", "placed_at": SHIPPED},
        {"paid_at": PAID},
    ]
    for order, change in zip(orders, changes, strict=True):
        world.change(order, **change)
    world.change(orders[5], paid_at=None)
    world.change(orders[5], paid_at=SHIPPED)
    world.change(orders[1], refunded_minor=500)
    world.change(orders[1], refunded_minor=200)
    with world.conn.transaction():
        world.conn.execute("UPDATE orders SET total_minor = total_minor + 5000, owner_id = NULL")
        world.conn.execute("UPDATE orders SET shipped_at = now() WHERE paid_at IS NOT NULL")
    world.conn.execute("DELETE FROM orders WHERE id = %s", [orders[2]])


def test_ordinary_changes_have_all_their_events(world: World, tenant: int, ben: int) -> None:
    ordinary(world, tenant, ben)
    assert reconcile(world) == []


def test_events_that_the_retention_dropped_are_not_missing(world: World, tenant: int, ben: int) -> None:
    long_ago = world.now() - timedelta(days=500)
    columns = {"placed_at": long_ago, "paid_at": long_ago, "owner_id": ben}
    gone, kept = (world.order(tenant, 1000, **columns) for _ in range(2))
    world.conn.execute("DELETE FROM order_events")
    world.change(kept, shipped_at=world.now())
    found: Callable[[], list[Any]] = lambda: [each for batch in repair.find(world.conn, tenant) for each in batch]  # noqa: E731
    assert {missing.order_id for missing in found()} == {gone, kept}, "a young tenant has all its events"
    world.conn.execute("UPDATE tenants SET created_at = %s", [long_ago])
    assert found() == []
    # Later changes are missing.
    with triggers_off(world.conn):
        world.change(gone, shipped_at=world.now())
        world.change(kept, owner_id=None, cancelled_at=world.now())
    assert [(missing.order_id, missing.type) for missing in found()] == [
        (gone, "shipped"),
        (kept, "reassigned"),
        (kept, "cancelled"),
    ]
    assert reconcile(world) == ["shipped", "reassigned", "cancelled"]
    assert [event["old_values"] for event in world.events()[-3:]] == [
        {"status": "paid"},
        {"owner_id": ben},
        {"status": "shipped"},
    ]
