"""The other orders of a customer, compared with plain SQL, and their plan."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.db import db
from webapp.models import Tenant
from webapp.queries import customer_orders
from webapp.queries.customer_orders import CustomerOrders

from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


def read(tenant: int, order: int) -> CustomerOrders:
    found = customer_orders.read(db.session.get_one(Tenant, tenant), order)
    assert found is not None
    return found


def test_the_newest_five_others_of_the_same_name_are_shown_and_all_are_summed(world: World) -> None:
    tenant = world.tenant()
    names = ("Müller GmbH", "muller gmbh", "MÜLLER GMBH ", "Mu\u0308ller GmbH")
    orders = [
        world.order(tenant, 100 + n, number=f"M{n}", customer=names[n % 4], placed_at=f"2026-01-{n + 1:02} 10:00+00")
        for n in range(8)
    ]
    world.order(tenant, customer="Müller")
    world.order(world.tenant("other"), customer="Müller GmbH")
    found = read(tenant, orders[6])
    assert [order.number for order in found.orders] == ["M7", "M5", "M4", "M3", "M2"]
    assert (found.count, found.sum_minor, found.is_capped) == (7, sum(range(100, 108)) - 106, False)


def test_an_only_order_has_no_others_and_a_strangers_order_is_not_found(world: World) -> None:
    tenant, other = world.tenant(), world.tenant("other")
    assert read(tenant, world.order(tenant)).orders == ()
    stranger = world.order(other)
    assert customer_orders.read(db.session.get_one(Tenant, tenant), stranger) is None


def test_a_customer_of_most_orders_is_counted_up_to_the_limit_by_the_index(world: World, app: Flask) -> None:
    tenant = world.tenant()
    world.conn.execute("SET doorbell.ring = off")
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor)"
        " SELECT %s, 'G' || n, CASE WHEN n <= 6000 THEN 'Guest' ELSE 'Customer ' || n END, 'EUR', 100"
        " FROM generate_series(1, 9000) AS n",
        [tenant],
    )
    world.conn.execute("ANALYZE orders")
    (guest,) = world.conn.execute("SELECT id FROM orders WHERE number = 'G1'").fetchone() or (0,)
    found = read(tenant, guest)
    assert (found.is_capped, len(found.orders)) == (True, 5)
    statement = (
        "EXPLAIN SELECT total_minor FROM orders WHERE tenant_id = %s AND order_customer_key(customer) = 'guest'"
        " ORDER BY placed_at DESC, id DESC LIMIT 5001"
    )
    plan = "\n".join(row[0] for row in world.conn.execute(statement, [tenant]))
    assert "ix_orders_customer" in plan
    assert "Seq Scan" not in plan


def test_names_that_are_too_long_for_an_index_are_stored(world: World) -> None:
    tenant = world.tenant()
    long = world.order(tenant, customer="한" * 500)
    world.order(tenant, customer="한" * 499)
    assert read(tenant, long).count == 1
