"""The verbs on orders and their rules, in a real database."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from webapp import orders
from webapp.orders.errors import (
    AlreadyCancelled,
    AlreadyPaid,
    AlreadyShipped,
    CustomerInvalid,
    LineInvalid,
    NothingLeftToRefund,
    NotPaid,
    NotRefunded,
    OrderError,
    OrderNotFound,
    OrderRefused,
    OwnerInvalid,
    RefundInvalid,
    TotalInvalid,
)
from webapp.orders.new_order import NewLine
from webapp.orders.rules import OrderState, allowed

from ..support.editors import manager
from ..support.orders import PAID
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


def test_an_order_of_a_total_alone_gets_the_tenants_currency_and_next_number(world: World, tenant: int) -> None:
    first = orders.place(tenant, "  Hanari Carnes ", total_minor=1250, source="form")
    second = orders.place(tenant, "Hanari Carnes", total_minor=0, source="form")
    assert (first.number, second.number) == ("1001", "1002")
    assert (first.customer, first.currency, first.total_minor, first.source) == ("Hanari Carnes", "EUR", 1250, "form")
    assert first.status == "placed"


def test_the_total_of_an_order_is_the_sum_of_its_lines_and_the_freight(world: World, tenant: int) -> None:
    lines = [NewLine("Queso Cabrales", Decimal("1.5"), 333, sku="11"), NewLine("Chai", Decimal(2), 1800)]
    order = orders.place(tenant, "Hanari Carnes", lines=lines, freight_minor=50, source="form")
    assert order.total_minor == 500 + 3600 + 50, "1.5 × 3.33 is 4.995, rounded up"
    rows = world.conn.execute("SELECT position, sku, product, quantity, total_minor FROM order_lines ORDER BY 1")
    assert rows.fetchall() == [(1, "11", "Queso Cabrales", Decimal("1.5"), 500), (2, "", "Chai", Decimal(2), 3600)]


def test_a_new_order_skips_numbers_that_an_import_has_used(world: World, tenant: int) -> None:
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor)"
        " SELECT %s, n::text, 'Bulk', 'EUR', 1 FROM generate_series(1001, 3000) AS n",
        [tenant],
    )
    number = int(orders.place(tenant, "Hanari Carnes", total_minor=1, source="form").number)
    assert 3000 < number < 5100
    assert int(orders.place(tenant, "Hanari Carnes", total_minor=1, source="form").number) == number + 1


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"customer": " "}, CustomerInvalid, "0 characters"),
        ({"customer": "x" * 201}, CustomerInvalid, "201 characters"),
        ({"total_minor": None}, TotalInvalid, "neither items nor a total"),
        ({"total_minor": -1}, TotalInvalid, "0 or more"),
        ({"total_minor": 10**15 + 1}, TotalInvalid, "too large"),
        ({"freight_minor": 5}, TotalInvalid, "no items"),
        ({"lines": [NewLine("Chai", Decimal(1), 5)]}, TotalInvalid, "items and a total"),
        ({"total_minor": None, "lines": [NewLine("", Decimal(1), 5)]}, LineInvalid, "Item 1"),
        ({"total_minor": None, "lines": [NewLine("Chai", Decimal(0), 5)]}, LineInvalid, "quantity 0;"),
        ({"total_minor": None, "lines": [NewLine("Chai", Decimal("NaN"), 5)]}, LineInvalid, "quantity NaN"),
        ({"total_minor": None, "lines": [NewLine("Chai", Decimal("0.0001"), 5)]}, LineInvalid, "3 decimals"),
        ({"total_minor": None, "lines": [NewLine("Chai", Decimal(1), -5)]}, LineInvalid, "negative"),
        ({"owner_id": 999}, OwnerInvalid, "999"),
    ],
)
def test_an_invalid_order_is_refused_with_a_reason_and_nothing_is_written(
    world: World, tenant: int, given: dict[str, Any], error: type[OrderError], message: str
) -> None:
    values: dict[str, Any] = {"customer": "Hanari Carnes", "total_minor": 100, "source": "form"} | given
    with pytest.raises(error, match=message):
        orders.place(tenant, **values)
    assert world.events() == []


def test_an_owner_of_another_tenant_is_refused(world: World, tenant: int) -> None:
    outsider = world.user(world.tenant("other"))
    with pytest.raises(OwnerInvalid):
        orders.place(tenant, "Hanari Carnes", total_minor=1, owner_id=outsider, source="form")
    world.order(tenant, number="7")
    with pytest.raises(OwnerInvalid):
        orders.reassign(tenant, "7", outsider)


def test_each_verb_writes_its_event_with_the_acting_user(world: World, tenant: int) -> None:
    ana, ben = world.user(tenant), world.user(tenant, "Ben Okafor")
    by = manager(ben)
    number = orders.place(tenant, "Hanari Carnes", total_minor=1000, owner_id=ana, by=by, source="form").number
    assert orders.pay(tenant, number, by=by).status == "paid"
    assert orders.ship(tenant, number, by=by).status == "shipped"
    assert orders.refund(tenant, number, 400, by=by).left_minor == 600
    assert orders.refund(tenant, number, 600).status == "refunded"
    assert orders.reassign(tenant, number, None, by=by).owner_id is None
    written = [(e["type"], e["actor_id"], e["amount_minor"]) for e in world.events()]
    assert written == [
        ("placed", ben, 1000),
        ("paid", ben, 1000),
        ("shipped", ben, None),
        ("refunded", ben, 400),
        ("refunded", None, 600),
        ("reassigned", ben, None),
    ]


def test_an_unpaid_order_can_be_shipped_or_cancelled(world: World, tenant: int) -> None:
    world.order(tenant, number="7")
    world.order(tenant, number="8")
    assert orders.ship(tenant, "7").status == "shipped"
    assert orders.cancel(tenant, "8").status == "cancelled"


@pytest.mark.parametrize(
    ("columns", "verb", "error"),
    [
        ({"cancelled_at": PAID}, orders.pay, AlreadyCancelled),
        ({"paid_at": PAID}, orders.pay, AlreadyPaid),
        ({"cancelled_at": PAID}, orders.ship, AlreadyCancelled),
        ({"shipped_at": PAID}, orders.ship, AlreadyShipped),
        ({"paid_at": PAID, "refunded_minor": 1000}, orders.ship, OrderRefused),
        ({"cancelled_at": PAID}, orders.cancel, AlreadyCancelled),
        ({"shipped_at": PAID}, orders.cancel, AlreadyShipped),
        ({"paid_at": PAID}, orders.cancel, NotRefunded),
        ({"paid_at": PAID, "refunded_minor": 999}, orders.cancel, NotRefunded),
    ],
)
def test_a_verb_that_the_orders_state_does_not_allow_is_refused(
    world: World, tenant: int, columns: dict[str, Any], verb: Callable[[int, str], OrderState], error: type[OrderError]
) -> None:
    world.order(tenant, number="7", **columns)
    before = world.events()
    with pytest.raises(error, match="Order 7"):
        verb(tenant, "7")
    assert world.events() == before


def test_a_paid_order_can_be_cancelled_after_a_full_refund(world: World, tenant: int) -> None:
    world.order(tenant, number="7", paid_at=PAID, refunded_minor=999)
    orders.refund(tenant, "7", 1)
    assert orders.cancel(tenant, "7").status == "cancelled"


@pytest.mark.parametrize("amount", [0, -1, 701, 10**18])
def test_a_refund_below_the_minimum_or_above_the_rest_is_refused(world: World, tenant: int, amount: int) -> None:
    world.order(tenant, number="7", paid_at=PAID, refunded_minor=300)
    with pytest.raises(RefundInvalid, match=r"0\.01 EUR to 7\.00 EUR"):
        orders.refund(tenant, "7", amount)


def test_an_unpaid_or_fully_refunded_order_cannot_be_refunded(world: World, tenant: int) -> None:
    world.order(tenant, number="7")
    world.order(tenant, number="8", paid_at=PAID, refunded_minor=1000)
    with pytest.raises(NotPaid):
        orders.refund(tenant, "7", 1)
    with pytest.raises(NothingLeftToRefund):
        orders.refund(tenant, "8", 1)


@pytest.mark.parametrize("verb", [orders.pay, orders.ship, orders.cancel])
def test_an_order_of_another_tenant_is_not_found(
    world: World, tenant: int, verb: Callable[[int, str], OrderState]
) -> None:
    world.order(world.tenant("other"), number="7")
    with pytest.raises(OrderNotFound, match="no order '7'"):
        verb(tenant, "7")
    assert [e["type"] for e in world.events()] == ["placed"]


def test_reassigning_to_the_same_salesperson_writes_no_event(world: World, tenant: int) -> None:
    ana = world.user(tenant)
    world.order(tenant, number="7", owner_id=ana)
    orders.reassign(tenant, "7", ana)
    assert [e["type"] for e in world.events()] == ["placed"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, {"pay", "ship", "cancel"}),
        ({"paid_at": PAID}, {"ship", "refund"}),
        ({"paid_at": PAID, "shipped_at": PAID}, {"refund"}),
        ({"shipped_at": PAID}, {"pay"}),
        ({"paid_at": PAID, "refunded_minor": 1000}, {"cancel"}),
        ({"cancelled_at": PAID}, set()),
    ],
)
def test_the_allowed_verbs_are_those_that_work(
    world: World, tenant: int, columns: dict[str, Any], expected: set[str]
) -> None:
    world.order(tenant, number="7", **columns)
    acts: dict[str, Callable[[], Any]] = {
        "pay": lambda: orders.pay(tenant, "7"),
        "ship": lambda: orders.ship(tenant, "7"),
        "refund": lambda: orders.refund(tenant, "7", 1),
        "cancel": lambda: orders.cancel(tenant, "7"),
    }
    order = orders.reassign(tenant, "7", None)
    assert allowed(order) == expected
    for verb in acts.keys() - expected:
        with pytest.raises(OrderError):
            acts[verb]()
