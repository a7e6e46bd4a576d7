"""The top products of today, from the lines of the orders that count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from webapp.queries import top_products

from ..support.figures import NOON, refund, tenant
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


def line(world: World, tenant_id: int, order_id: int, product: str, quantity: float, total: int) -> None:
    world.conn.execute(
        "INSERT INTO order_lines (tenant_id, order_id, position, product, quantity, unit_price_minor, total_minor)"
        " SELECT %s, %s, count(*) + 1, %s, %s, 1, %s FROM order_lines WHERE order_id = %s",
        [tenant_id, order_id, product, quantity, total, order_id],
    )


def test_products_are_summed_over_the_orders_placed_today_that_count(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    first = world.order(acme, placed_at=NOON)
    second = world.order(acme, placed_at=NOON, paid_at=NOON)
    cancelled = world.order(acme, placed_at=NOON, cancelled_at=NOON)
    returned = world.order(acme, 10, placed_at=NOON, paid_at=NOON)
    refund(world, returned, 10, NOON.isoformat())
    old = world.order(acme, placed_at=NOON - timedelta(days=1))
    for order in (cancelled, returned, old):
        line(world, acme, order, "Tea", 1, 10_000)
    line(world, acme, first, "Tea", 2, 300)
    line(world, acme, first, "Cup", 1, 900)
    line(world, acme, second, "Tea", 0.5, 800)
    line(world, other, world.order(other, placed_at=NOON), "Tea", 1, 50_000)
    found = top_products.read(tenant(acme), NOON)
    assert [(row.name, float(row.quantity), row.total_minor) for row in found.products] == [
        ("Tea", 2.5, 1_100),
        ("Cup", 1.0, 900),
    ]
    assert (found.sold, found.has_lines) == (2, True)


def test_five_products_are_listed_and_all_are_counted(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, placed_at=NOON)
    for n in range(8):
        line(world, acme, order, f"Product {n}", 1, 100 + n)
    found = top_products.read(tenant(acme), NOON)
    assert ([row.name for row in found.products], found.sold) == ([f"Product {n}" for n in (7, 6, 5, 4, 3)], 8)


def test_orders_without_lines_and_days_without_sales_are_told_apart(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, placed_at=NOON - timedelta(days=3))
    assert not top_products.read(tenant(acme), NOON).has_lines
    line(world, acme, order, "Tea", 1, 100)
    found = top_products.read(tenant(acme), NOON)
    assert (found.products, found.sold, found.has_lines) == ((), 0, True)
