"""Verbs on one order at one moment: one succeeds, none waits for long, and no number or key is used twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask

from webapp import orders
from webapp.orders.errors import AlreadyPaid, IdempotencyKeyReused, OrderError, RefundInvalid
from webapp.orders.new_order import NewLine
from webapp.orders.rules import OrderState

from ..support.orders import PAID
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


def together(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """The results or errors of the acts, run at one moment in a thread each."""
    results: list[Any] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(position: int, act: Callable[[], Any]) -> None:
        with app.app_context():
            gate.wait()
            try:
                results[position] = act()
            except OrderError as error:
                results[position] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_of_many_payments_at_one_moment_succeeds(app: Flask, world: World, tenant: int) -> None:
    for n in range(5):
        world.order(tenant, number=f"race {n}")
        results = together(app, *[lambda n=n: orders.pay(tenant, f"race {n}")] * 4)
        assert sum(isinstance(r, OrderState) for r in results) == 1
        assert sum(isinstance(r, AlreadyPaid) for r in results) == 3
    assert [e["type"] for e in world.events()].count("paid") == 5


def test_refunds_at_one_moment_never_exceed_the_payment(app: Flask, world: World, tenant: int) -> None:
    for n in range(5):
        world.order(tenant, number=f"race {n}", paid_at=PAID)
        results = together(app, *[lambda n=n: orders.refund(tenant, f"race {n}", 400)] * 4)
        assert sum(isinstance(r, OrderState) for r in results) == 2
        assert sum(isinstance(r, RefundInvalid) for r in results) == 2
    assert world.conn.execute("SELECT DISTINCT refunded_minor FROM orders").fetchall() == [(800,)]


def test_either_cancelling_or_shipping_at_one_moment_succeeds(app: Flask, world: World, tenant: int) -> None:
    for n in range(5):
        world.order(tenant, number=f"race {n}")
        acts = [lambda n=n: orders.ship(tenant, f"race {n}"), lambda n=n: orders.cancel(tenant, f"race {n}")]
        assert sum(isinstance(r, OrderState) for r in together(app, *acts)) == 1


def _place(tenant: int, key: UUID | None = None, total: int = 100) -> OrderState:
    lines = [NewLine("Chai", Decimal(1), total)]
    return orders.place(tenant, "Hanari Carnes", lines=lines, source="form", idempotency_key=key)


def test_orders_placed_at_one_moment_get_different_numbers(app: Flask, world: World, tenant: int) -> None:
    results = together(app, *[lambda: _place(tenant)] * 6)
    assert sorted(r.number for r in results) == [str(n) for n in range(1001, 1007)]


def test_a_form_sent_many_times_at_one_moment_places_one_order(app: Flask, world: World, tenant: int) -> None:
    for n in range(5):
        key = uuid4()
        results = together(app, *[lambda key=key: _place(tenant, key)] * 4)
        assert {r.number for r in results} == {str(1001 + n)}
    assert len(world.events()) == 5


def test_a_used_key_with_other_details_is_refused(world: World, tenant: int) -> None:
    key = uuid4()
    _place(tenant, key)
    with pytest.raises(IdempotencyKeyReused, match="already placed order 1001"):
        _place(tenant, key, total=200)
    assert len(world.events()) == 1


def test_two_tenants_may_use_the_same_key(world: World, tenant: int) -> None:
    key = uuid4()
    assert _place(tenant, key).id != _place(world.tenant("other"), key).id


def test_a_verb_does_not_wait_for_its_callers_transaction(app: Flask, world: World, tenant: int) -> None:
    """A verb neither commits nor rolls back what its caller's session has open."""
    from sqlalchemy import text

    from webapp.db import db

    world.order(tenant, number="7")
    db.session.execute(text("UPDATE tenants SET name = 'unsaved' WHERE id = :id"), {"id": tenant})
    orders.pay(tenant, "7")
    assert db.session.scalar(text("SELECT name FROM tenants WHERE id = :id"), {"id": tenant}) == "unsaved"
    db.session.rollback()
    assert world.conn.execute("SELECT name FROM tenants").fetchall() == [("Acme",)]


def test_an_import_does_not_wait_while_an_order_is_placed(world: World, tenant: int, service: Any) -> None:
    with psycopg.connect(service.database_url) as placing:
        placing.execute("SELECT currency FROM tenants WHERE id = %s FOR NO KEY UPDATE", [tenant])
        world.conn.execute("SET lock_timeout = '2s'")
        order = world.order(tenant)
        assert world.conn.execute("SELECT id FROM orders").fetchall() == [(order,)]
