"""A salesperson's own figures, compared with the salespeople table, plain expectations and the rank rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from webapp.queries import mine, salespeople, target_progress
from webapp.queries.own_figures import OwnFigures, Rank, rank

from ..support.figures import NOON, refund, tenant
from ..support.targets import course, target
from ..support.world import World
from .test_queries import random_orders, rollup

pytestmark = pytest.mark.usefixtures("app_context")
DAY = timedelta(days=1)


def own(tenant_id: int, user_id: int, now: datetime = NOON) -> OwnFigures:
    return mine.read(tenant(tenant_id), now).of(user_id)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_own_figures_equal_the_rows_of_the_salespeople_table(world: World, seed: int) -> None:
    acme, other = world.tenant(), world.tenant("other")
    random_orders(world, acme, seed)
    random_orders(world, other, seed + 100)
    for tenant_id in (acme, other):
        rows = [row for row in salespeople.read(tenant(tenant_id), NOON) if row.owner_id]
        assert len(rows) == 3, "guard: all sold something"
        team = mine.read(tenant(tenant_id), NOON)
        assert len(team) == 3, "no user of the other tenant"
        for place, row in enumerate(rows, 1):
            found = team.of(row.owner_id or 0)
            assert (found.revenue_minor, found.orders) == (row.revenue_minor, row.orders)
            assert found.rank_today == Rank(place, 3)
        assert any(figures.yesterday_minor for figures in team.people.values())


def test_earlier_days_count_to_the_same_minute(world: World) -> None:
    acme = world.tenant()
    ana = world.user(acme)
    for days, amount in ((1, 100), (7, 3000)):
        for minutes, factor in ((-1, 1), (1, 10)):
            at = NOON - days * DAY + timedelta(minutes=minutes)
            world.order(acme, amount * factor, owner_id=ana, placed_at=at, paid_at=at)
    found = own(acme, ana)
    assert (found.revenue_minor, found.yesterday_minor, found.last_week_minor) == (0, 100, 3000)
    assert found.orders == 0


def test_equal_revenues_share_a_rank_and_people_without_sales_have_none(world: World) -> None:
    acme = world.tenant()
    ana, ben, cem, dana = (world.user(acme, name) for name in ("Ana A", "Ben B", "Cem C", "Dana D"))
    world.user(acme, "Max Manager", role="manager")
    world.user(acme, "Gone Person", disabled_at=NOON)
    for owner, total in ((ana, 500), (ben, 500), (cem, 200)):
        world.order(acme, total, owner_id=owner, placed_at=NOON, paid_at=NOON)
    team = mine.read(tenant(acme), NOON)
    assert [team.of(user).rank_today for user in (ana, ben, cem, dana)] == [
        Rank(1, 4, True),
        Rank(1, 4, True),
        Rank(3, 4),
        Rank(None, 4),
    ]
    assert rank(-5, [-5, 0, 0, 10]) == Rank(4, 4), "refunds alone are below no sales"


def test_managers_and_former_salespeople_are_ranked_when_they_have_sales(world: World) -> None:
    acme = world.tenant()
    ana, max_manager = world.user(acme), world.user(acme, "Max Manager", role="manager")
    gone = world.user(acme, "Gone Person")
    for owner, total in ((ana, 100), (max_manager, 300), (gone, 200)):
        world.order(acme, total, owner_id=owner, placed_at=NOON, paid_at=NOON)
    world.conn.execute("UPDATE users SET disabled_at = now() WHERE id = %s", [gone])
    team = mine.read(tenant(acme), NOON)
    assert [team.of(user).rank_today for user in (max_manager, gone, ana)] == [Rank(n, 3) for n in (1, 2, 3)]


def test_the_month_is_the_rollups_before_today_and_today(world: World) -> None:
    acme = world.tenant()
    ana, ben = world.user(acme), world.user(acme, "Ben Okafor")
    rollup(world, acme, "2026-05-31", ana, 9_999)  # last month
    rollup(world, acme, "2026-06-07", ana, 20)  # last week
    rollup(world, acme, "2026-06-08", ana, 300)
    rollup(world, acme, "2026-06-10", ana, 7_777)  # today, counted from the orders
    rollup(world, acme, "2026-06-02", ben, 321)
    world.order(acme, 4_000, owner_id=ana, placed_at=NOON, paid_at=NOON)
    found = own(acme, ana)
    assert (found.month_minor, found.week_minor) == (4_320, 4_300)
    assert (found.rank_month, own(acme, ben).rank_month) == (Rank(1, 2), Rank(2, 2))
    assert own(acme, ben).rank_today == Rank(None, 2)


def test_without_a_ranking_there_are_no_ranks(world: World) -> None:
    acme = world.tenant(shows_ranking=False)
    ana = world.user(acme)
    world.order(acme, owner_id=ana, placed_at=NOON, paid_at=NOON)
    found = own(acme, ana)
    assert (found.revenue_minor, found.rank_today, found.rank_month) == (1000, None, None)


def test_to_dos_are_the_oldest_orders_to_ship_then_orders_unpaid_for_a_day(world: World) -> None:
    acme = world.tenant()
    ana, ben = world.user(acme), world.user(acme, "Ben Okafor")

    def order(number: str, owner: int | None, days: int, **columns: Any) -> None:
        world.order(acme, number=number, owner_id=owner, placed_at=NOON - days * DAY, **columns)

    for n in range(5):
        order(f"ship-{n}", ana, 9 - n, paid_at=NOON - (8 - n) * DAY)
    for n in range(3):
        order(f"unpaid-{n}", ana, 2 - n)
    order("shipped", ana, 20, paid_at=NOON - 20 * DAY, shipped_at=NOON)
    order("cancelled", ana, 20, cancelled_at=NOON)
    order("bens", ben, 30)
    order("unassigned", None, 30)
    refund(
        world, world.order(acme, 10, number="returned", owner_id=ana, placed_at=NOON, paid_at=NOON), 10, "2026-06-10"
    )
    found = own(acme, ana)
    assert (found.to_ship, found.unpaid) == (5, 3)
    assert [(todo.action, todo.number, todo.days) for todo in found.todos] == [
        ("ship", "ship-0", 8),
        ("ship", "ship-1", 7),
        ("ship", "ship-2", 6),
        ("collect", "unpaid-0", 2),
    ]
    assert [todo.number for todo in own(acme, ben).todos] == ["bens"]


def test_open_orders_are_counted_up_to_a_limit(world: World) -> None:
    acme = world.tenant()
    ana = world.user(acme)
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, owner_id, placed_at)"
        " SELECT %s, n, 'x', 'EUR', 1, %s, %s FROM generate_series(1, 120) AS n",
        [acme, ana, NOON],
    )
    assert own(acme, ana).unpaid == mine.MAX_COUNTED


def test_a_user_without_orders_has_zeros_and_owns_nothing(world: World) -> None:
    acme = world.tenant()
    ana = world.user(acme)
    found = own(acme, ana)
    assert (found.revenue_minor, found.orders, found.todos, found.owns) == (0, 0, (), False)
    assert mine.read(tenant(acme), NOON).of(999_999) == OwnFigures(999_999, date(2026, 6, 10))
    world.order(acme, owner_id=ana, placed_at=NOON - 300 * DAY)
    assert own(acme, ana).owns, "an open order of any age"


def test_own_targets_equal_those_of_the_salesperson_alone(world: World) -> None:
    acme = world.tenant()
    ana, ben = world.user(acme), world.user(acme, "Ben Okafor")
    course(world, acme, NOON.date(), 10, {9: 100, 15: 300})
    for period, amount in (("day", 10_000), ("week", 50_000), ("month", 200_000)):
        target(world, acme, period, amount, ana)
    target(world, acme, "month", 90_000)  # the team's
    rollup(world, acme, "2026-06-08", ana, 300)
    world.order(acme, 4_000, owner_id=ana, placed_at=NOON, paid_at=NOON)
    found = own(acme, ana).targets
    assert found == target_progress.read(tenant(acme), NOON, ana)
    assert [(progress.period, progress.reached_minor) for progress in found.periods] == [
        ("day", 4_000),
        ("week", 4_300),
        ("month", 4_300),
    ]
    assert own(acme, ben).targets.periods == ()
