"""Orders dated in the future or in the past are marked, and never hide today's orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from webapp.queries import average_order, orders_today, recent_orders, revenue

from ..support.board import get, text
from ..support.figures import NOON, no_revenue, tenant
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


def add_mistyped_orders(world: World, tenant_id: int) -> None:
    """Add 25 orders with a mistyped year, and one of today."""
    for n in range(25):
        world.order(tenant_id, 10_000, number=f"FUT-{n}", placed_at=datetime(2062, 11, 26, 0, n, tzinfo=UTC))
    world.order(tenant_id, 1234, number="NOW-1", customer="Real, today", paid_at=world.now())


def test_future_orders_do_not_hide_todays_orders(world: World, client: FlaskClient, acme: int) -> None:
    add_mistyped_orders(world, acme)
    shown = text(get(client, "/panels/recent_orders"))
    assert shown.index("NOW-1") < shown.index("FUT-0") < shown.index("FUT-1 "), "below, the nearest first"
    assert "26 Nov 2062" in shown
    assert "scheduled · placed" in shown
    assert "Scheduled for 26 Nov 2062" in text(get(client, "/orders"))
    assert "26 Nov 2062" in text(get(client, "/orders/FUT-3"))
    assert "dated in the future" in text(get(client, "/orders/FUT-3"))
    assert "dated in the future" not in text(get(client, "/orders/NOW-1"))


def test_future_orders_are_left_out_of_a_full_list(world: World) -> None:
    acme = world.tenant()
    for n in range(25):
        world.order(acme, number=f"P{n}", placed_at=NOON - timedelta(minutes=n))
    world.order(acme, number="FUT", placed_at=NOON + timedelta(days=1))
    shown = recent_orders.read(tenant(acme), NOON)
    assert [order.number for order in shown.orders] == [f"P{n}" for n in range(recent_orders.LIMIT)]
    assert shown.next_at == NOON + timedelta(days=1, minutes=-5)


def test_an_order_up_to_five_minutes_ahead_is_not_a_future_order(world: World) -> None:
    acme = world.tenant()
    world.order(acme, number="SOON", placed_at=NOON + timedelta(minutes=5))
    world.order(acme, number="LATER", placed_at=NOON + timedelta(minutes=5, seconds=1))
    assert [(o.number, o.is_ahead) for o in recent_orders.read(tenant(acme), NOON).orders] == [
        ("SOON", False),
        ("LATER", True),
    ]
    later = recent_orders.read(tenant(acme), NOON + timedelta(seconds=1)).orders
    assert [(o.number, o.is_ahead) for o in later] == [("LATER", False), ("SOON", False)]


def test_the_tiles_do_not_count_future_orders(world: World) -> None:
    acme = world.tenant()
    world.order(acme, 1000, placed_at=NOON + timedelta(days=400), paid_at=NOON + timedelta(days=400))
    assert no_revenue(revenue.read(tenant(acme), NOON))
    assert orders_today.read(tenant(acme), NOON).today == 0
    assert average_order.read(tenant(acme), NOON).orders == 0


def test_an_order_of_another_day_shows_its_date(world: World, client: FlaskClient, acme: int) -> None:
    world.order(acme, number="OLD", placed_at="1998-05-04 12:00+00")
    world.order(acme, number="NEW")
    rows = get(client, "/panels/recent_orders").split("<tr ")
    old, new = (text("<tr " + next(row for row in rows if f">{number}</a>" in row)) for number in ("OLD", "NEW"))
    assert "4 May 1998" in old
    assert "placed ·" not in old, "the import wrote it later"
    assert "added ·" in old
    assert "placed ·" in new
