"""All figures of the board against plain SQL or fixed expectations: days, zones, refunds, tenants."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from webapp.db import db
from webapp.models import User
from webapp.panels.registry import PANELS
from webapp.queries import (
    average_order,
    history,
    inbox,
    leaderboard,
    new_items,
    orders_today,
    recent_orders,
    revenue,
    revenue_by_hour,
    salespeople,
)

from ..support.figures import NOON, no_revenue, refund, tenant
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


def random_orders(world: World, tenant_id: int, seed: int) -> None:
    """Orders over three days around NOON, some paid, refunded, cancelled, deleted or unassigned."""
    rng = random.Random(seed)
    people = [world.user(tenant_id, name) for name in ("Ana Silva", "Ben Okafor", "Chloé Martin")]

    def moment() -> datetime:
        return NOON + timedelta(minutes=rng.randint(-60 * 60, 14 * 60))

    for _ in range(120):
        placed = moment()
        columns: dict[str, Any] = {"placed_at": placed, "owner_id": rng.choice([*people, None])}
        if rng.random() < 0.8:
            columns["paid_at"] = placed + timedelta(minutes=rng.randint(0, 900))
        if rng.random() < 0.1:
            columns["cancelled_at"] = moment()
        total = rng.randint(1, 90_000)
        order = world.order(tenant_id, total, **columns)
        if "paid_at" in columns and rng.random() < 0.3:
            refund(world, order, rng.choice((1, total)), moment().isoformat())
        if rng.random() < 0.05:
            world.conn.execute("DELETE FROM orders WHERE id = %s", [order])


REFUNDS = (
    "SELECT e.*, o.owner_id AS owner FROM order_events e JOIN orders o ON o.id = e.order_id WHERE e.type = 'refunded'"
)
COUNTED = "cancelled_at IS NULL AND (refunded_minor = 0 OR refunded_minor < total_minor)"
DAY = "AT TIME ZONE 'Europe/Berlin')::date = '2026-06-10'"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_figure_equals_plain_sql_over_the_orders(world: World, seed: int) -> None:
    acme, other = world.tenant(), world.tenant("other")
    random_orders(world, acme, seed)
    random_orders(world, other, seed + 100)

    def count(sql: str) -> int:
        row = world.conn.execute(sql).fetchone()
        assert row is not None
        return int(row[0] or 0)

    for tenant_id in (acme, other):
        mine = f"tenant_id = {tenant_id}"
        paid = count(f"SELECT sum(total_minor) FROM orders WHERE {mine} AND (paid_at {DAY}")
        paid_orders = count(f"SELECT count(*) FROM orders WHERE {mine} AND (paid_at {DAY}")
        refunded = count(f"SELECT sum(amount_minor) FROM ({REFUNDS}) r WHERE {mine} AND (occurred_at {DAY}")
        placed = count(f"SELECT count(*) FROM orders WHERE {mine} AND {COUNTED} AND (placed_at {DAY}")
        assert paid_orders > 10, "the comparison means something"
        assert refunded > 0, "the comparison means something"

        shown = tenant(tenant_id)
        assert revenue.read(shown, NOON).today_minor == paid - refunded
        assert orders_today.read(shown, NOON).today == placed
        assert average_order.read(shown, NOON).today_minor == int(paid / paid_orders + 0.5)
        people = salespeople.read(shown, NOON)
        assert sum(person.revenue_minor for person in people) == paid - refunded
        assert sum(person.orders for person in people) == placed
        hours = revenue_by_hour.read(shown, NOON).hours
        assert sum(hour.today_minor for hour in hours) == paid - refunded
        for person in people:
            owner = "IS NULL" if person.owner_id is None else f"= {person.owner_id}"
            owners_paid = count(
                f"SELECT sum(total_minor) FROM orders WHERE {mine} AND owner_id {owner} AND (paid_at {DAY}"
            )
            owners_back = count(
                f"SELECT sum(amount_minor) FROM ({REFUNDS}) r WHERE {mine} AND owner {owner} AND (occurred_at {DAY}"
            )
            assert person.revenue_minor == owners_paid - owners_back


def test_recent_orders_are_the_last_placed_with_their_latest_change(world: World) -> None:
    acme = world.tenant()
    ana = world.user(acme, "Ana Silva")
    for minute in range(30):
        world.order(acme, placed_at=NOON + timedelta(minutes=minute))
    newest = world.order(acme, placed_at=NOON + timedelta(hours=1), owner_id=ana)
    world.change(newest, paid_at=NOON)
    with world.conn.transaction():
        world.conn.execute("SELECT set_config('doorbell.actor', %s, true)", [str(ana)])
        world.change(newest, refunded_minor=250)
    shown = recent_orders.read(tenant(acme), NOON + timedelta(hours=1)).orders
    assert [order.number for order in shown] == ["T31", *(f"T{n}" for n in range(30, 21, -1))]
    change = shown[0].change
    assert change is not None
    assert (change.type, change.amount_minor, change.by) == ("refunded", 250, "Ana Silva")
    assert shown[1].change is not None
    assert (shown[1].change.type, shown[1].change.by) == ("placed", "psql")


def test_a_change_by_another_program_shows_its_role_not_its_own_name(world: World, shop: psycopg.Connection) -> None:
    acme = world.tenant()
    shop.execute("SET application_name = 'Ana Silva'")
    shop.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " VALUES (%s, 'S-1', 'Toms', 'EUR', 100, %s)",
        [acme, NOON],
    )
    change = recent_orders.read(tenant(acme), NOON).orders[0].change
    assert change is not None
    assert change.by == "shop"


def test_a_single_row_equals_its_row_in_the_list_and_needs_its_tenant(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    order = world.order(acme)
    world.change(order, paid_at=NOON)
    assert recent_orders.read_row(tenant(acme), NOON, order).orders == recent_orders.read(tenant(acme), NOON).orders
    assert recent_orders.read_row(tenant(other), NOON, order).orders == ()


def rollup(world: World, tenant_id: int, day: str, owner_id: int, revenue_minor: int, paid_orders: int = 1) -> None:
    values = [tenant_id, day, owner_id, paid_orders, paid_orders, revenue_minor]
    world.conn.execute("INSERT INTO rollups_daily VALUES (%s, %s, %s, %s, %s, %s)", values)


def test_history_has_the_thirty_days_before_today_with_zeros_between(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    ana = world.user(acme)
    rollup(world, acme, "2026-05-10", ana, 1)  # a day too old
    rollup(world, acme, "2026-05-11", ana, 10)
    rollup(world, acme, "2026-05-11", 0, 20)
    rollup(world, acme, "2026-06-09", ana, 300)
    rollup(world, acme, "2026-06-10", ana, 7777)  # today is in the tiles
    rollup(world, other, "2026-06-09", 0, 5000)
    days = history.read(tenant(acme), NOON).days
    assert (len(days), days[0].day, days[-1].day) == (30, date(2026, 5, 11), date(2026, 6, 9))
    assert [day.revenue_minor for day in days] == [30, *[0] * 28, 300]


def test_the_leaderboard_is_sorted_by_revenue_and_includes_unassigned_orders(world: World) -> None:
    acme = world.tenant()
    ana, ben = world.user(acme, "Ana Silva"), world.user(acme, "Ben Okafor")
    rollup(world, acme, "2026-06-01", ana, 100)
    rollup(world, acme, "2026-06-02", ben, 400)
    rollup(world, acme, "2026-06-03", ana, 200, 2)
    rollup(world, acme, "2026-06-03", 0, 50)
    rollup(world, acme, "2026-05-01", ana, 9999)
    shown = leaderboard.read(tenant(acme), NOON)
    assert [(row.name, row.revenue_minor, row.paid_orders) for row in shown] == [
        ("Ben Okafor", 400, 1),
        ("Ana Silva", 300, 3),
        (None, 50, 1),
    ]


def test_the_inbox_is_the_users_own_and_new_items_are_unread_and_newer(world: World) -> None:
    acme = world.tenant()
    ana, ben = world.user(acme, "Ana Silva"), world.user(acme, "Ben Okafor")
    for owner in (ana, ana, ben):
        world.order(acme, owner_id=owner)
    world.conn.execute("UPDATE orders SET paid_at = now()")
    user = db.session.get_one(User, ana)
    first = inbox.read(tenant(acme), NOON, user)
    numbers = [item.number for item in first.items if isinstance(item, inbox.OrderItem)]
    assert (numbers, first.unread) == (["T2", "T1"], 2)
    assert new_items.read(tenant(acme), NOON, user, first.seen).count == 0
    world.conn.execute("UPDATE orders SET shipped_at = now()")
    world.conn.execute("UPDATE notifications SET read_at = now() WHERE type = 'paid'")
    new = new_items.read(tenant(acme), NOON, user, first.seen)
    [fold] = new.folds
    assert (new.count, new.unread, fold.subjects, fold.types, fold.total_minor) == (2, 2, 2, ("shipped",), 2000)
    assert new_items.read(tenant(acme), NOON, user, new.seen).count == 0


def test_two_tenants_never_mix_in_any_panel(world: World) -> None:
    acme, empty = world.tenant(), world.tenant("empty")
    ana = world.user(acme)
    at = NOON - timedelta(hours=1)  # in the morning, when yesterday is shown
    order = world.order(acme, placed_at=at, paid_at=at, owner_id=ana)
    world.conn.execute("INSERT INTO order_lines VALUES (%s, %s, 1, '', 'Tea', 1, 100, 100)", [acme, order])
    refund(world, order, 10, at.isoformat())
    rollup(world, acme, "2026-06-09", ana, 100)
    for panel in PANELS.values():
        nothing = panel.read(tenant(empty), at)
        assert panel.read(tenant(acme), at) != nothing, f"{panel.name}: guard, the full tenant shows something"
        assert panel.read(tenant(empty), at) == nothing
    assert no_revenue(revenue.read(tenant(empty), NOON))
    assert recent_orders.read(tenant(empty), NOON).orders == ()
    assert leaderboard.read(tenant(empty), NOON) == ()
