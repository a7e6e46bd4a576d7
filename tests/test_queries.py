"""Every number of the board against plain SQL or a hand count: days, zones, refunds, tenants."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from webapp.db import db
from webapp.models import Tenant, User
from webapp.queries import (
    PANELS,
    average_order,
    history,
    inbox,
    leaderboard,
    orders_today,
    recent_orders,
    revenue,
    revenue_by_hour,
    salespeople,
)
from webapp.queries.day import today

from .world import World

NOON = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)  # 12:00 in Berlin


@pytest.fixture(autouse=True)
def _context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def tenant(tenant_id: int) -> Tenant:
    db.session.rollback()  # the next statement sees what was committed meanwhile
    return db.session.get_one(Tenant, tenant_id)


def refund(world: World, order_id: int, amount: int, at: str) -> None:
    """A refund made at another time than now: the trigger writes the event, the clock is put back afterwards."""
    world.conn.execute("UPDATE orders SET refunded_minor = refunded_minor + %s WHERE id = %s", [amount, order_id])
    world.conn.execute(
        "UPDATE order_events SET occurred_at = %s WHERE id = (SELECT max(id) FROM order_events WHERE order_id = %s)",
        [at, order_id],
    )


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
def test_a_day_runs_from_the_tenants_midnight_to_the_next_however_long_that_is(
    zone: str, now: str, start: str, hours: int
) -> None:
    day = today(zone, datetime.fromisoformat(now))
    assert day.start == datetime.fromisoformat(start)
    assert day.end - day.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("now", "yesterday"),
    [
        ("2026-06-10T10:00+00:00", "2026-06-09T10:00+00:00"),
        ("2026-03-29T10:00+00:00", "2026-03-28T11:00+00:00"),  # 12:00 on both clocks, 23 hours apart
        ("2026-10-25T11:00+00:00", "2026-10-24T10:00+00:00"),  # 12:00 on both clocks, 25 hours apart
        ("2026-03-30T00:30+00:00", "2026-03-29T01:00+00:00"),  # 02:30 was skipped: when the clocks went forward
        ("2026-10-25T01:30+00:00", "2026-10-24T00:30+00:00"),  # the second 02:30 of today
    ],
)
def test_the_same_time_yesterday_is_the_same_time_on_the_wall(now: str, yesterday: str) -> None:
    assert today("Europe/Berlin", datetime.fromisoformat(now)).yesterday_now == datetime.fromisoformat(yesterday)


def test_a_refund_counts_on_the_day_it_is_made(world: World) -> None:
    acme = world.tenant()
    paid_yesterday = world.order(acme, 1000, placed_at="2026-06-09 08:00+02", paid_at="2026-06-09 09:00+02")
    world.order(acme, 5000, placed_at="2026-06-10 08:00+02", paid_at="2026-06-10 09:00+02")
    refund(world, paid_yesterday, 300, "2026-06-10 10:00+02")
    shown = revenue.read(tenant(acme), NOON)
    assert (shown.today_minor, shown.paid_minor, shown.refunded_minor, shown.yesterday_minor) == (4700, 5000, 300, 1000)


def test_a_cancellation_leaves_the_revenue_and_takes_the_order(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, 900, placed_at="2026-06-10 08:00+02", paid_at="2026-06-10 09:00+02")
    world.change(order, cancelled_at="2026-06-10 10:00+02")
    assert revenue.read(tenant(acme), NOON).today_minor == 900
    assert orders_today.read(tenant(acme), NOON).today == 0


def test_a_deleted_order_takes_its_refunds_along(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, 900, placed_at="2026-06-10 08:00+02", paid_at="2026-06-10 09:00+02")
    refund(world, order, 400, "2026-06-10 10:00+02")
    world.conn.execute("DELETE FROM orders WHERE id = %s", [order])
    assert revenue.read(tenant(acme), NOON) == revenue.Revenue(0, 0, 0)


def test_on_the_day_after_clocks_go_forward_the_comparison_never_goes_back() -> None:
    """02:30 was skipped yesterday: it is compared with the instant of the change, as all times from 02:00 to 03:00 are."""
    clock = datetime(2026, 3, 29, 23, 0, tzinfo=UTC)  # 01:00 in Berlin, the day after
    compared = [today("Europe/Berlin", clock + timedelta(minutes=10 * n)).yesterday_now for n in range(20)]
    assert compared == sorted(compared)
    skipped = today("Europe/Berlin", datetime(2026, 3, 30, 0, 30, tzinfo=UTC))
    assert skipped.yesterday_now == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_day_whose_midnight_is_skipped_begins_when_the_clocks_have_moved() -> None:
    beirut = today("Asia/Beirut", datetime(2026, 3, 29, 9, 0, tzinfo=UTC))
    assert beirut.start == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert beirut.end - beirut.start == timedelta(hours=23)


def test_yesterday_counts_until_the_same_time_only(world: World) -> None:
    acme = world.tenant()
    for at in ("2026-06-09 11:59:59+02", "2026-06-09 12:00+02", "2026-06-08 23:59+02"):
        world.order(acme, 100, placed_at=at, paid_at=at)
    assert revenue.read(tenant(acme), NOON).yesterday_minor == 100
    assert orders_today.read(tenant(acme), NOON).yesterday == 1
    assert average_order.read(tenant(acme), NOON).yesterday_minor == 100


def test_the_day_turns_at_the_tenants_midnight_in_far_zones(world: World) -> None:
    for slug, zone, midnight in (
        ("kiritimati", "Pacific/Kiritimati", datetime(2026, 6, 10, 10, 0, tzinfo=UTC)),
        ("newfoundland", "America/St_Johns", datetime(2026, 6, 10, 2, 30, tzinfo=UTC)),
    ):
        far = world.tenant(slug, timezone=zone)
        before, after = midnight - timedelta(seconds=1), midnight + timedelta(seconds=1)
        world.order(far, 700, placed_at=before, paid_at=before)
        assert revenue.read(tenant(far), before).today_minor == 700
        assert revenue.read(tenant(far), after) == revenue.Revenue(0, 0, 0), "yesterday until 00:00:01 has nothing"
        assert orders_today.read(tenant(far), after).today == 0


def test_the_average_is_over_the_orders_paid_today_and_rounds_half_up(world: World) -> None:
    acme = world.tenant()
    for total in (100, 101):
        world.order(acme, total, placed_at="2026-06-01 08:00+02", paid_at="2026-06-10 09:00+02")
    world.order(acme, 9000, placed_at="2026-06-10 08:00+02")
    shown = average_order.read(tenant(acme), NOON)
    assert shown == average_order.AverageOrder(orders=2, today_minor=101, yesterday_minor=None)


def test_hours_are_those_of_the_wall_clock_and_a_repeated_hour_is_one(world: World) -> None:
    acme = world.tenant()
    for at in ("2026-10-25 00:30+00", "2026-10-25 01:30+00", "2026-10-25 23:30+01"):  # 02:30 twice, then 23:30
        world.order(acme, 100, placed_at=at, paid_at=at)
    shown = revenue_by_hour.read(tenant(acme), datetime(2026, 10, 25, 22, 45, tzinfo=UTC))
    assert {hour.hour: hour.today_minor for hour in shown.hours if hour.today_minor} == {2: 200, 23: 100}
    assert shown.current == 23
    assert len(shown.hours) == 24


def test_a_refund_stands_in_the_hour_it_is_made_even_below_zero(world: World) -> None:
    acme = world.tenant()
    order = world.order(acme, 800, placed_at="2026-06-01 08:00+02", paid_at="2026-06-01 08:00+02")
    refund(world, order, 500, "2026-06-10 10:15+02")
    assert revenue_by_hour.read(tenant(acme), NOON).hours[10].today_minor == -500


def random_orders(world: World, tenant_id: int, seed: int) -> None:
    """Orders over three days round NOON, some paid, refunded, cancelled, deleted, or nobody's."""
    dice = random.Random(seed)
    people = [world.user(tenant_id, name) for name in ("Ana Silva", "Ben Okafor", "Chloé Martin")]

    def moment() -> datetime:
        return NOON + timedelta(minutes=dice.randint(-60 * 60, 14 * 60))

    for _ in range(120):
        placed = moment()
        columns: dict[str, Any] = {"placed_at": placed, "owner_id": dice.choice([*people, None])}
        if dice.random() < 0.8:
            columns["paid_at"] = placed + timedelta(minutes=dice.randint(0, 900))
        if dice.random() < 0.1:
            columns["cancelled_at"] = moment()
        order = world.order(tenant_id, dice.randint(1, 90_000), **columns)
        if "paid_at" in columns and dice.random() < 0.3:
            refund(world, order, 1, moment().isoformat())
        if dice.random() < 0.05:
            world.conn.execute("DELETE FROM orders WHERE id = %s", [order])


REFUNDS = (
    "SELECT e.*, o.owner_id AS owner FROM order_events e JOIN orders o ON o.id = e.order_id WHERE e.type = 'refunded'"
)
DAY = "AT TIME ZONE 'Europe/Berlin')::date = '2026-06-10'"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_number_equals_the_plain_sql_over_the_orders(world: World, seed: int) -> None:
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
        placed = count(f"SELECT count(*) FROM orders WHERE {mine} AND cancelled_at IS NULL AND (placed_at {DAY}")
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


def test_recent_orders_are_the_latest_placed_each_with_its_last_change(world: World) -> None:
    acme = world.tenant()
    ana = world.user(acme, "Ana Silva")
    for minute in range(30):
        world.order(acme, placed_at=NOON + timedelta(minutes=minute))
    newest = world.order(acme, placed_at=NOON + timedelta(hours=1), owner_id=ana)
    world.change(newest, paid_at=NOON)
    with world.conn.transaction():
        world.conn.execute("SELECT set_config('doorbell.actor', %s, true)", [str(ana)])
        world.change(newest, refunded_minor=250)
    shown = recent_orders.read(tenant(acme), NOON).orders
    assert [order.number for order in shown] == ["T31", *(f"T{n}" for n in range(30, 6, -1))]
    change = shown[0].change
    assert change is not None
    assert (change.type, change.amount_minor, change.by) == ("refunded", 250, "Ana Silva")
    assert shown[1].change is not None
    assert (shown[1].change.type, shown[1].change.by) == ("placed", "psql")


def test_one_row_alone_is_the_same_as_in_the_list_and_only_for_its_tenant(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    order = world.order(acme)
    world.change(order, paid_at=NOON)
    assert recent_orders.read_row(tenant(acme), NOON, order).orders == recent_orders.read(tenant(acme), NOON).orders
    assert recent_orders.read_row(tenant(other), NOON, order).orders == ()


def rollup(world: World, tenant_id: int, day: str, owner_id: int, revenue_minor: int, paid_orders: int = 1) -> None:
    values = [tenant_id, day, owner_id, paid_orders, paid_orders, revenue_minor]
    world.conn.execute("INSERT INTO rollups_daily VALUES (%s, %s, %s, %s, %s, %s)", values)


def test_history_has_thirty_days_to_today_with_zeros_between(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    ana = world.user(acme)
    rollup(world, acme, "2026-05-11", ana, 1)  # a day too old
    rollup(world, acme, "2026-05-12", ana, 10)
    rollup(world, acme, "2026-05-12", 0, 20)
    rollup(world, acme, "2026-06-10", ana, 300)
    rollup(world, other, "2026-06-10", 0, 5000)
    days = history.read(tenant(acme), NOON).days
    assert (len(days), days[0].day, days[-1].day) == (30, date(2026, 5, 12), date(2026, 6, 10))
    assert [day.revenue_minor for day in days] == [30, *[0] * 28, 300]


def test_the_leaderboard_is_the_best_first_and_nobody_has_a_row(world: World) -> None:
    acme = world.tenant()
    ana, ben = world.user(acme, "Ana Silva"), world.user(acme, "Ben Okafor")
    rollup(world, acme, "2026-06-01", ana, 100)
    rollup(world, acme, "2026-06-02", ben, 400)
    rollup(world, acme, "2026-06-03", ana, 200, 2)
    rollup(world, acme, "2026-06-03", 0, 50)
    rollup(world, acme, "2026-05-01", ana, 9999)
    shown = leaderboard.read(tenant(acme), NOON)
    assert [(one.name, one.revenue_minor, one.paid_orders) for one in shown] == [
        ("Ben Okafor", 400, 1),
        ("Ana Silva", 300, 3),
        (None, 50, 1),
    ]


def test_the_inbox_is_ones_own_and_news_is_what_is_unread_and_newer(world: World) -> None:
    acme = world.tenant()
    ana, ben = world.user(acme, "Ana Silva"), world.user(acme, "Ben Okafor")
    for owner in (ana, ana, ben):
        world.order(acme, owner_id=owner)
    world.conn.execute("UPDATE orders SET paid_at = now()")
    user = db.session.get_one(User, ana)
    first = inbox.read(tenant(acme), NOON, user)
    assert ([note.number for note in first.notes], first.unread) == (["T2", "T1"], 2)
    assert inbox.read_news(tenant(acme), NOON, user, first.seen).count == 0
    world.conn.execute("UPDATE orders SET shipped_at = now()")
    world.conn.execute("UPDATE notifications SET read_at = now() WHERE type = 'paid'")
    news = inbox.read_news(tenant(acme), NOON, user, first.seen)
    assert (news.count, news.orders, news.types, news.unread) == (2, 2, ("shipped",), 2)
    assert inbox.read_news(tenant(acme), NOON, user, news.seen).count == 0


def test_two_tenants_never_mix_in_any_panel(world: World) -> None:
    acme, empty = world.tenant(), world.tenant("empty")
    ana = world.user(acme)
    at = NOON - timedelta(hours=1)
    order = world.order(acme, placed_at=at, paid_at=at, owner_id=ana)
    refund(world, order, 10, at.isoformat())
    rollup(world, acme, "2026-06-10", ana, 100)
    for panel in PANELS.values():
        nothing = panel.read(tenant(empty), NOON)
        assert panel.read(tenant(acme), NOON) != nothing, f"{panel.name}: guard, the full tenant shows something"
        assert panel.read(tenant(empty), NOON) == nothing
    assert revenue.read(tenant(empty), NOON) == revenue.Revenue(0, 0, 0)
    assert recent_orders.read(tenant(empty), NOON).orders == ()
    assert leaderboard.read(tenant(empty), NOON) == ()
