"""The tiles: last week, orders to be shipped, refunds, the course of the day, and how yesterday ended."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from webapp.queries import average_order, orders_today, refunds_today, revenue, to_ship, yesterday
from webapp.queries.day import today
from webapp.rollups import to_ship as sampling

from ..support.figures import NOON, refund, tenant
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("app_context")

MORNING = NOON - timedelta(hours=2)


@pytest.mark.parametrize(
    ("now", "last_week"),
    [
        ("2026-06-10T10:00+00:00", "2026-06-03T10:00+00:00"),
        ("2026-03-31T10:00+00:00", "2026-03-24T11:00+00:00"),  # 12:00 on both clocks, before and after the change
        ("2026-04-05T00:30+00:00", "2026-03-29T01:00+00:00"),  # 02:30 was skipped: the jump
    ],
)
def test_the_same_time_last_week_is_the_same_wall_clock_time(now: str, last_week: str) -> None:
    assert today("Europe/Berlin", datetime.fromisoformat(now)).last_week_now == datetime.fromisoformat(last_week)


def test_last_week_counts_up_to_the_same_time_only(world: World) -> None:
    acme = world.tenant()
    for at in ("2026-06-03 00:00+02", "2026-06-03 11:59:59+02", "2026-06-03 12:00+02", "2026-06-02 23:59+02"):
        order = world.order(acme, 100, placed_at=at, paid_at=at)
        refund(world, order, 10, at)
    assert revenue.read(tenant(acme), NOON).last_week_minor == 180
    assert orders_today.read(tenant(acme), NOON).last_week == 2
    assert average_order.read(tenant(acme), NOON).last_week_minor == 100
    assert refunds_today.read(tenant(acme), NOON).last_week_minor == 20


def test_orders_to_be_shipped_are_paid_and_not_shipped_cancelled_or_refunded_in_full(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    at = "2026-05-01 10:00+02"
    waiting = world.order(acme, placed_at=at, paid_at=at)
    refund(world, waiting, 1, at)
    world.order(acme, placed_at=at)
    world.order(acme, placed_at=at, paid_at=at, shipped_at=at)
    world.order(acme, placed_at=at, paid_at=at, cancelled_at=at)
    refund(world, world.order(acme, placed_at=at, paid_at=at), 1000, at)
    world.order(other, placed_at=at, paid_at=at)
    shown = to_ship.read(tenant(acme), NOON)
    assert (shown.orders, shown.is_more, shown.oldest_on) == (1, False, date(2026, 5, 1))
    assert (shown.yesterday, shown.last_week) == (None, None), "without samples there is no comparison"


def test_orders_to_be_shipped_are_compared_with_the_last_sample_of_that_time(world: World) -> None:
    acme = world.tenant()
    for at, orders in (
        ("2026-06-09 11:50+02", 7),
        ("2026-06-09 12:10+02", 99),
        ("2026-06-03 10:30+02", 5),  # too old for 12:00
        ("2026-06-10 08:50+02", 3),
    ):
        world.conn.execute("INSERT INTO to_ship_samples VALUES (%s, %s, %s)", [acme, at, orders])
    shown = to_ship.read(tenant(acme), NOON)
    assert (shown.yesterday, shown.last_week) == (7, None)
    assert shown.trend.values == (*[None] * 8, 3, None, None, None, 0)


def test_samples_are_taken_once_per_interval_and_dropped_when_old(world: World, service: Service) -> None:
    acme = world.tenant()
    world.order(acme, paid_at=world.now())
    world.conn.execute("INSERT INTO to_ship_samples VALUES (%s, now() - interval '10 days', 4)", [acme])
    assert sampling.sample(service.database_url) == 1
    assert sampling.sample(service.database_url) in (0, 1), "the next interval may have begun"
    rows = world.conn.execute("SELECT orders FROM to_ship_samples").fetchall()
    assert set(rows) == {(1,)}


def test_refunds_today_are_the_amounts_refunded_today(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, 1000, placed_at="2026-06-01 08:00+02", paid_at="2026-06-01 08:00+02")
    refund(world, order, 300, "2026-06-10 09:10+02")
    refund(world, order, 200, "2026-06-10 10:10+02")
    refund(world, order, -100, "2026-06-10 10:20+02")
    refund(world, order, 40, "2026-06-09 10:20+02")
    shown = refunds_today.read(tenant(acme), NOON)
    assert (shown.today_minor, shown.orders, shown.yesterday_minor) == (400, 1, 40)
    assert shown.trend.values[9:11] == (300, 100)
    assert revenue.read(tenant(acme), NOON).refunded_minor == 400


def test_a_line_has_the_hours_until_now_and_adds_up_to_its_figure(world: World) -> None:
    acme = world.tenant()
    for at in ("2026-06-10 00:10+02", "2026-06-10 09:30+02", "2026-06-10 11:59+02"):
        world.order(acme, 100, placed_at=at, paid_at=at)
    shown = revenue.read(tenant(acme), NOON)
    assert shown.trend.values == (100, *[0] * 8, 100, 0, 100, 0)
    assert sum(orders_today.read(tenant(acme), NOON).trend.values) == 3  # type: ignore[arg-type]
    average = average_order.read(tenant(acme), NOON).trend.values
    assert (average[0], average[1]) == (100, None)


def rollup(world: World, tenant_id: int, day: str, amount: int, orders: int) -> None:
    values = [tenant_id, day, 0, orders, orders, amount]
    world.conn.execute("INSERT INTO rollups_daily VALUES (%s, %s, %s, %s, %s, %s)", values)


def test_the_morning_shows_how_yesterday_ended(world: World) -> None:
    acme = world.tenant()
    assert yesterday.read(tenant(acme), MORNING) is None, "without sales there is nothing to say"
    rollup(world, acme, "2026-06-09", 3000, 74)
    shown = yesterday.read(tenant(acme), MORNING)
    assert shown is not None
    assert (shown.day, shown.revenue_minor, shown.orders, shown.week_before_minor) == (date(2026, 6, 9), 3000, 74, None)
    rollup(world, acme, "2026-06-02", 2000, 50)
    shown = yesterday.read(tenant(acme), MORNING)
    assert shown is not None
    assert (shown.week_before, shown.week_before_minor) == (date(2026, 6, 2), 2000)
    assert yesterday.read(tenant(acme), NOON) is None, "at noon today says more"
