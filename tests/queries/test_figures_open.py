"""Each figure of the board opens its orders: count and sum of the list equal the figure, and the rows add up to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from webapp.display import order_links
from webapp.models import Tenant
from webapp.queries import (
    average_order,
    history,
    leaderboard,
    order_search,
    orders_today,
    revenue,
    revenue_by_hour,
    salespeople,
)
from webapp.queries.day import today
from webapp.queries.order_filter import Filter
from webapp.rollups import refresh
from webapp.routes import order_parameters

from ..support.figures import tenant
from ..support.varied_orders import DAYS, place_varied_orders
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(params=DAYS, ids=[f"{zone} {day}" for zone, day in DAYS])
def board(request: pytest.FixtureRequest, world: World, service: Service) -> tuple[Tenant, datetime]:
    """A tenant with varied orders, beside another one with others, and the moment of the board."""
    zone, moment = request.param
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    ids = [world.tenant(slug, timezone=zone) for slug in ("acme", "other")]
    for tenant_id in ids:
        place_varied_orders(world, tenant_id, now)
    refresh.rebuild(service.database_url)
    return tenant(ids[0]), now


def opened(board: tuple[Tenant, datetime], arguments: dict[str, Any]) -> tuple[int, int]:
    """Count and sum of the list that a link with these arguments opens. Its rows have the same."""
    shown, now = board
    asked = order_parameters.parse(order_links.parameters(**arguments), shown, now, "en_GB")
    assert asked.problems == {}
    totals = order_search.read(shown, asked.filter).totals
    assert totals is not None
    assert totals.is_exact
    rows = all_rows(shown, asked.filter)
    assert len({row.id for row in rows}) == len(rows), "an order is listed once"
    assert [row.at for row in rows] == sorted((row.at for row in rows if row.at), reverse=True)
    assert (len(rows), sum(row.counted_minor for row in rows)) == (totals.orders, totals.sum_minor)
    return totals.orders, totals.sum_minor


def all_rows(shown: Tenant, wanted: Filter) -> list[order_search.FoundOrder]:
    page = order_search.read(shown, wanted)
    rows = [*page.orders]
    while page.older:
        page = order_search.read(shown, wanted, page.older)
        rows += page.orders
    return rows


def test_the_tiles_open_their_orders(board: tuple[Tenant, datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_search, "PAGE_ROWS", 7)
    shown, now = board
    day, money = today(shown.timezone, now).date, revenue.read(shown, now)
    assert money.paid_minor > money.refunded_minor > 0, "the comparison means something"
    assert opened(board, order_links.revenue_of_day(day))[1] == money.today_minor
    assert opened(board, order_links.refunds_of_day(day))[1] == money.refunded_minor
    assert opened(board, order_links.orders_of_day(day))[0] == orders_today.read(shown, now).today
    average = average_order.read(shown, now)
    orders, paid_minor = opened(board, order_links.paid_of_day(day))
    assert (orders, paid_minor) == (average.orders, money.paid_minor)
    clock = now.astimezone(ZoneInfo(shown.timezone)).time().replace(second=0, microsecond=0)
    until = order_links.revenue_until(day - timedelta(days=1), clock)
    assert opened(board, until)[1] == money.yesterday_minor


def test_orders_to_ship_and_open_orders_are_those_that_are_not_done(
    board: tuple[Tenant, datetime], world: World
) -> None:
    shown, _now = board
    refunded = "refunded_minor > 0 AND refunded_minor >= total_minor"
    is_open = f"tenant_id = {shown.id} AND shipped_at IS NULL AND cancelled_at IS NULL AND NOT ({refunded})"
    statement = "SELECT count(*), sum(total_minor)::bigint FROM orders WHERE {}"
    assert opened(board, order_links.open_orders()) == world.conn.execute(statement.format(is_open)).fetchone()
    to_ship = statement.format(f"{is_open} AND paid_at IS NOT NULL")
    assert opened(board, order_links.orders_to_ship()) == world.conn.execute(to_ship).fetchone()
    unassigned = world.conn.execute(f"{to_ship} AND owner_id IS NULL").fetchone()
    assert opened(board, order_links.orders_to_ship(0)) == unassigned


def test_each_hour_opens_its_orders(board: tuple[Tenant, datetime]) -> None:
    shown, now = board
    day = today(shown.timezone, now).date
    hours = revenue_by_hour.read(shown, now).hours
    for n, before in ((0, "today_minor"), (1, "yesterday_minor")):
        found = [opened(board, order_links.revenue_of_hour(day - timedelta(days=n), hour.hour))[1] for hour in hours]
        assert found == [getattr(hour, before) for hour in hours]
    assert any(hour.today_minor for hour in hours)


def test_each_salesperson_opens_their_orders(board: tuple[Tenant, datetime]) -> None:
    shown, now = board
    day, people = today(shown.timezone, now).date, salespeople.read(shown, now)
    assert {None} < {person.owner_id for person in people}
    for person in people:
        assert opened(board, order_links.revenue_of_owner(person.owner_id, day, day))[1] == person.revenue_minor
        assert opened(board, order_links.orders_of_owner(person.owner_id, day, day))[0] == person.orders


def test_each_day_of_the_chart_and_each_name_of_the_leaderboard_opens_its_orders(
    board: tuple[Tenant, datetime],
) -> None:
    shown, now = board
    days = history.read(shown, now).days
    for day in days[-6:]:
        assert opened(board, order_links.revenue_of_day(day.day))[1] == day.revenue_minor
        assert opened(board, order_links.orders_of_day(day.day))[0] == day.orders
    assert sum(bool(day.revenue_minor) for day in days) >= 3
    for seller in leaderboard.read(shown, now):
        span = (seller.owner_id, days[0].day, days[-1].day)
        assert opened(board, order_links.revenue_of_owner(*span))[1] == seller.revenue_minor
        assert opened(board, order_links.paid_of_owner(*span))[0] == seller.paid_orders
