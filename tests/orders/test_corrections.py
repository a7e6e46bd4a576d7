"""Corrections of a payment or a shipment that was marked by mistake: rules, event and reason."""

from __future__ import annotations

from typing import Any

import pytest

from webapp import orders
from webapp.orders.errors import (
    AlreadyCancelled,
    NotPaid,
    NotShipped,
    OrderError,
    OrderForbidden,
    OrderRefused,
    ReasonInvalid,
)
from webapp.orders.rules import correctable

from ..support.editors import manager, salesperson
from ..support.orders import PAID
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")

MANAGER = manager(0)


def test_a_corrected_payment_is_an_event_with_the_user_the_reason_and_the_time_that_was_removed(
    world: World, tenant: int
) -> None:
    mia = world.user(tenant, "Mia Manager", role="manager")
    world.order(tenant, 1200, number="7", paid_at=PAID)
    order = orders.correct_payment(tenant, "7", "The bank booked another order", by=manager(mia))
    assert (order.status, order.paid_at) == ("placed", None)
    event = world.events()[-1]
    assert (event["type"], event["actor_id"], event["amount_minor"]) == ("payment_corrected", mia, 1200)
    assert event["old_values"] == {"status": "paid", "paid_at": "2026-01-02T10:00:00+00:00"}
    assert event["new_values"] == {"status": "placed", "paid_at": None, "reason": "The bank booked another order"}


def test_a_corrected_shipment_leaves_the_payment(world: World, tenant: int) -> None:
    world.order(tenant, number="7", paid_at=PAID, shipped_at=PAID)
    order = orders.correct_shipment(tenant, "7", "Another parcel", by=MANAGER)
    assert (order.status, order.shipped_at is None, order.paid_at is None) == ("paid", True, False)
    assert [event["type"] for event in world.events()] == ["placed", "paid", "shipped", "shipment_corrected"]


def test_a_correction_by_sql_writes_the_same_event_with_the_reason_of_the_setting(world: World, tenant: int) -> None:
    order = world.order(tenant, paid_at=PAID, shipped_at=PAID)
    world.change(order, paid_at=None)
    world.conn.execute("SELECT set_config('doorbell.reason', %s, false)", ["x" * 300])
    world.change(order, shipped_at=None)
    paid, shipped = world.events()[-2:]
    assert (paid["type"], paid["new_values"]) == (
        "payment_corrected",
        {"status": "shipped", "paid_at": None, "reason": None},
    )
    assert (shipped["type"], shipped["new_values"]["reason"]) == ("shipment_corrected", "x" * 200)


def test_a_corrected_order_can_be_paid_and_shipped_again(world: World, tenant: int) -> None:
    world.order(tenant, number="7", paid_at=PAID, shipped_at=PAID)
    orders.correct_payment(tenant, "7", "Mistake", by=MANAGER)
    orders.correct_shipment(tenant, "7", "Mistake", by=MANAGER)
    assert orders.pay(tenant, "7").status == "paid"
    assert orders.ship(tenant, "7").status == "shipped"
    assert world.events()[-2]["new_values"] == {"status": "paid"}


@pytest.mark.parametrize(
    ("columns", "verb", "error"),
    [
        ({}, orders.correct_payment, NotPaid),
        ({"paid_at": PAID, "refunded_minor": 1}, orders.correct_payment, OrderRefused),
        ({"paid_at": PAID, "refunded_minor": 1000, "cancelled_at": PAID}, orders.correct_payment, AlreadyCancelled),
        ({"paid_at": PAID}, orders.correct_shipment, NotShipped),
        ({"shipped_at": PAID, "cancelled_at": PAID}, orders.correct_shipment, AlreadyCancelled),
    ],
)
def test_a_correction_that_the_orders_state_does_not_allow_is_refused(
    world: World, tenant: int, columns: dict[str, Any], verb: Any, error: type[OrderError]
) -> None:
    world.order(tenant, number="7", **columns)
    before = world.events()
    with pytest.raises(error, match="rder 7"):
        verb(tenant, "7", "Mistake", by=MANAGER)
    assert world.events() == before


@pytest.mark.parametrize("reason", ["", "x" * 201])
def test_a_correction_needs_a_reason_of_at_most_200_characters(world: World, tenant: int, reason: str) -> None:
    world.order(tenant, number="7", paid_at=PAID)
    with pytest.raises(ReasonInvalid, match=f"{len(reason)} characters; 1 to 200"):
        orders.correct_payment(tenant, "7", reason, by=MANAGER)


def test_a_salesperson_corrects_only_own_orders_of_the_last_24_hours(world: World, tenant: int) -> None:
    ana, ben = world.user(tenant), world.user(tenant, "Ben Okafor")
    by = salesperson(ana)
    now = world.now()
    for number, owner, paid_at in (("own", ana, now), ("old", ana, PAID), ("other", ben, now), ("none", None, now)):
        world.order(tenant, number=number, owner_id=owner, paid_at=paid_at)
    for number, advice in (("old", "Ask a manager"), ("other", "Ask a manager"), ("none", "Take it first")):
        with pytest.raises(OrderForbidden, match=advice):
            orders.correct_payment(tenant, number, "Mistake", by=by)
    order = orders.reassign(tenant, "own", ana)
    assert correctable(order, by, now) == {"payment"}
    assert correctable(order, salesperson(ben), now) == set()
    assert orders.correct_payment(tenant, "own", "Mistake", by=by).status == "placed"
