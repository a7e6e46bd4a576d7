"""The figures of a day: midnights, zones and clock changes, refunds and cancellations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp.queries import average_order, orders_today, revenue, revenue_by_hour
from webapp.queries.day import today

from ..support.figures import NOON, no_revenue, refund, tenant
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.mark.parametrize(
    ("zone", "now", "start", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T12:00+00:00", "2026-03-28T23:00+00:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00+00:00", "2026-10-24T22:00+00:00", 25),
        ("Europe/Berlin", "2026-06-10T12:00+00:00", "2026-06-09T22:00+00:00", 24),
        ("Pacific/Kiritimati", "2026-06-10T10:30+00:00", "2026-06-10T10:00+00:00", 24),
        ("America/St_Johns", "2026-06-10T02:00+00:00", "2026-06-09T02:30+00:00", 24),
        ("Africa/Cairo", "2026-04-24T12:00+00:00", "2026-04-23T22:00+00:00", 23),  # midnight itself is skipped
    ],
)
def test_a_day_runs_from_one_midnight_of_the_tenant_to_the_next(zone: str, now: str, start: str, hours: int) -> None:
    day = today(zone, datetime.fromisoformat(now))
    assert day.start == datetime.fromisoformat(start)
    assert day.end - day.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("now", "yesterday"),
    [
        ("2026-06-10T10:00+00:00", "2026-06-09T10:00+00:00"),
        ("2026-03-29T10:00+00:00", "2026-03-28T11:00+00:00"),  # 12:00 on both clocks, 23 hours apart
        ("2026-10-25T11:00+00:00", "2026-10-24T10:00+00:00"),  # 12:00 on both clocks, 25 hours apart
        ("2026-03-30T00:30+00:00", "2026-03-29T01:00+00:00"),  # 02:30 was skipped: the jump
        ("2026-10-25T01:30+00:00", "2026-10-24T00:30+00:00"),  # the second 02:30 of today
    ],
)
def test_the_same_time_yesterday_is_the_same_wall_clock_time(now: str, yesterday: str) -> None:
    assert today("Europe/Berlin", datetime.fromisoformat(now)).yesterday_now == datetime.fromisoformat(yesterday)


def test_a_refund_counts_on_the_day_it_is_made(world: World) -> None:
    acme = world.tenant()
    paid_yesterday = world.order(acme, 1000, placed_at="2026-06-09 08:00+02", paid_at="2026-06-09 09:00+02")
    world.order(acme, 5000, placed_at="2026-06-10 08:00+02", paid_at="2026-06-10 09:00+02")
    refund(world, paid_yesterday, 300, "2026-06-10 10:00+02")
    shown = revenue.read(tenant(acme), NOON)
    assert (shown.today_minor, shown.paid_minor, shown.refunded_minor, shown.yesterday_minor) == (4700, 5000, 300, 1000)


def test_a_cancellation_keeps_the_revenue_and_removes_the_order(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, 900, placed_at="2026-06-10 08:00+02", paid_at="2026-06-10 09:00+02")
    world.change(order, cancelled_at="2026-06-10 10:00+02")
    assert revenue.read(tenant(acme), NOON).today_minor == 900
    assert orders_today.read(tenant(acme), NOON).today == 0


def test_a_deleted_order_removes_its_refunds(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, 900, placed_at="2026-06-10 08:00+02", paid_at="2026-06-10 09:00+02")
    refund(world, order, 400, "2026-06-10 10:00+02")
    world.conn.execute("DELETE FROM orders WHERE id = %s", [order])
    assert no_revenue(revenue.read(tenant(acme), NOON))


def test_after_a_day_with_skipped_hours_the_comparison_never_goes_back() -> None:
    """02:00 to 03:00 was skipped yesterday: these times are compared with the instant of the jump."""
    clock = datetime(2026, 3, 29, 23, 0, tzinfo=UTC)  # 01:00 in Berlin, the day after
    compared = [today("Europe/Berlin", clock + timedelta(minutes=10 * n)).yesterday_now for n in range(20)]
    assert compared == sorted(compared)
    skipped = today("Europe/Berlin", datetime(2026, 3, 30, 0, 30, tzinfo=UTC))
    assert skipped.yesterday_now == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_day_without_a_midnight_begins_at_the_jump() -> None:
    beirut = today("Asia/Beirut", datetime(2026, 3, 29, 9, 0, tzinfo=UTC))
    assert beirut.start == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert beirut.end - beirut.start == timedelta(hours=23)


def test_yesterday_counts_up_to_the_same_time_only(world: World) -> None:
    acme = world.tenant()
    for at in ("2026-06-09 11:59:59+02", "2026-06-09 12:00+02", "2026-06-08 23:59+02"):
        world.order(acme, 100, placed_at=at, paid_at=at)
    assert revenue.read(tenant(acme), NOON).yesterday_minor == 100
    assert orders_today.read(tenant(acme), NOON).yesterday == 1
    assert average_order.read(tenant(acme), NOON).yesterday_minor == 100


def test_the_day_changes_at_the_tenants_midnight_in_distant_zones(world: World) -> None:
    for slug, zone, midnight in (
        ("kiritimati", "Pacific/Kiritimati", datetime(2026, 6, 10, 10, 0, tzinfo=UTC)),
        ("newfoundland", "America/St_Johns", datetime(2026, 6, 10, 2, 30, tzinfo=UTC)),
    ):
        far = world.tenant(slug, timezone=zone)
        before, after = midnight - timedelta(seconds=1), midnight + timedelta(seconds=1)
        world.order(far, 700, placed_at=before, paid_at=before)
        assert revenue.read(tenant(far), before).today_minor == 700
        assert no_revenue(revenue.read(tenant(far), after)), "yesterday until 00:00:01 has nothing"
        assert orders_today.read(tenant(far), after).today == 0


def test_the_average_is_over_the_orders_paid_today_and_rounds_half_up(world: World) -> None:
    acme = world.tenant()
    for total in (100, 101):
        world.order(acme, total, placed_at="2026-06-01 08:00+02", paid_at="2026-06-10 09:00+02")
    world.order(acme, 9000, placed_at="2026-06-10 08:00+02")
    shown = average_order.read(tenant(acme), NOON)
    assert (shown.orders, shown.today_minor, shown.yesterday_minor) == (2, 101, None)


def test_hours_are_wall_clock_hours_and_a_repeated_hour_is_one(world: World) -> None:
    acme = world.tenant()
    for at in ("2026-10-25 00:30+00", "2026-10-25 01:30+00", "2026-10-25 23:30+01"):  # 02:30 twice, then 23:30
        world.order(acme, 100, placed_at=at, paid_at=at)
    shown = revenue_by_hour.read(tenant(acme), datetime(2026, 10, 25, 22, 45, tzinfo=UTC))
    assert {hour.hour: hour.today_minor for hour in shown.hours if hour.today_minor} == {2: 200, 23: 100}
    assert shown.current == 23
    assert len(shown.hours) == 24


def test_a_refund_counts_in_the_hour_it_is_made_even_below_zero(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, 800, placed_at="2026-06-01 08:00+02", paid_at="2026-06-01 08:00+02")
    refund(world, order, 500, "2026-06-10 10:15+02")
    assert revenue_by_hour.read(tenant(acme), NOON).hours[10].today_minor == -500


def test_an_order_that_is_refunded_in_full_is_no_order_of_the_day_and_half_of_one_is(world: World) -> None:
    acme = world.tenant()
    whole, half = (
        world.order(acme, 900, placed_at="2026-06-10 08:00+02", paid_at="2026-06-10 09:00+02") for _ in range(2)
    )
    assert orders_today.read(tenant(acme), NOON).today == 2
    refund(world, whole, 900, "2026-06-10 10:00+02")
    refund(world, half, 450, "2026-06-10 10:00+02")
    assert orders_today.read(tenant(acme), NOON).today == 1
