"""Verbs on one order at one moment: one wins, none waits for long, and no number or form is used twice."""

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
from webapp.orders.new_order import NewLine
from webapp.orders.rules import AlreadyPaid, FormUsed, OrderError, OrderState, RefundInvalid

from ..support.orders import PAID, context, tenant  # noqa: F401 - a fixture
from ..support.world import World


def together(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Runs the acts at one moment, each in a thread; returns what each returned or raised."""
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


def test_of_many_clicks_on_pay_at_one_moment_one_wins(app: Flask, world: World, tenant: int) -> None:
    for n in range(5):
        world.order(tenant, number=f"race {n}")
        results = together(app, *[lambda n=n: orders.pay(tenant, f"race {n}")] * 4)
        assert sum(isinstance(r, OrderState) for r in results) == 1
        assert sum(isinstance(r, AlreadyPaid) for r in results) == 3
    assert [e["type"] for e in world.events()].count("paid") == 5


def test_refunds_at_one_moment_never_exceed_what_was_paid(app: Flask, world: World, tenant: int) -> None:
    for n in range(5):
        world.order(tenant, number=f"race {n}", paid_at=PAID)
        results = together(app, *[lambda n=n: orders.refund(tenant, f"race {n}", 400)] * 4)
        assert sum(isinstance(r, OrderState) for r in results) == 2
        assert sum(isinstance(r, RefundInvalid) for r in results) == 2
    assert world.conn.execute("SELECT DISTINCT refunded_minor FROM orders").fetchall() == [(800,)]


def test_of_cancelling_and_shipping_at_one_moment_one_wins(app: Flask, world: World, tenant: int) -> None:
    for n in range(5):
        world.order(tenant, number=f"race {n}")
        acts = [lambda n=n: orders.ship(tenant, f"race {n}"), lambda n=n: orders.cancel(tenant, f"race {n}")]
        assert sum(isinstance(r, OrderState) for r in together(app, *acts)) == 1


def _place(tenant: int, token: UUID | None = None, total: int = 100) -> OrderState:
    lines = [NewLine("Chai", Decimal(1), total)]
    return orders.place(tenant, "Hanari Carnes", lines=lines, source="form", idempotency_key=token)


def test_orders_placed_at_one_moment_get_numbers_of_their_own(app: Flask, world: World, tenant: int) -> None:
    results = together(app, *[lambda: _place(tenant)] * 6)
    assert sorted(r.number for r in results) == [str(n) for n in range(1001, 1007)]


def test_a_form_sent_many_times_at_one_moment_places_one_order(app: Flask, world: World, tenant: int) -> None:
    for n in range(5):
        token = uuid4()
        results = together(app, *[lambda token=token: _place(tenant, token)] * 4)
        assert {r.number for r in results} == {str(1001 + n)}
    assert len(world.events()) == 5


def test_a_used_form_with_other_details_is_not_taken_for_the_order_it_placed(world: World, tenant: int) -> None:
    token = uuid4()
    _place(tenant, token)
    with pytest.raises(FormUsed, match="order 1001 already"):
        _place(tenant, token, total=200)
    assert len(world.events()) == 1


def test_two_tenants_may_use_one_token(world: World, tenant: int) -> None:
    token = uuid4()
    assert _place(tenant, token).id != _place(world.tenant("other"), token).id


def test_a_verb_does_not_wait_for_what_its_caller_has_open(app: Flask, world: World, tenant: int) -> None:
    """A caller's session with uncommitted work is neither committed nor rolled back by a verb."""
    from sqlalchemy import text

    from webapp.db import db

    world.order(tenant, number="7")
    db.session.execute(text("UPDATE tenants SET name = 'unsaved' WHERE id = :id"), {"id": tenant})
    orders.pay(tenant, "7")
    assert db.session.scalar(text("SELECT name FROM tenants WHERE id = :id"), {"id": tenant}) == "unsaved"
    db.session.rollback()
    assert world.conn.execute("SELECT name FROM tenants").fetchall() == [("Acme",)]


def test_an_import_does_not_wait_for_an_order_that_is_being_placed(world: World, tenant: int, service: Any) -> None:
    with psycopg.connect(service.database_url) as placing:
        placing.execute("SELECT currency FROM tenants WHERE id = %s FOR NO KEY UPDATE", [tenant])
        world.conn.execute("SET lock_timeout = '2s'")
        world.order(tenant)
