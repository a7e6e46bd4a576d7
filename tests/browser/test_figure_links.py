"""Each figure of the board opens the orders that it counts."""

from __future__ import annotations

import pytest

from ..support.world import World
from . import shared_doorbell
from .conftest import Sign

pytestmark = pytest.mark.browser
service, world, doorbell = shared_doorbell.service, shared_doorbell.world, shared_doorbell.doorbell


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("#revenue-figure a", "by=revenue"),
        ("#orders_today-figure a", "status=counted"),
        ("#average_order-figure a", "by=paid"),
        ("#to_ship-figure a", "status=to_ship"),
        ("#refunds_today-figure a", "by=refunded"),
        ("#salespeople .person-name", "owner="),
        ("#salespeople .people-orders a", "owner="),
        ("#history .chart-links a", "by=revenue"),
        ("#leaderboard .person-name", "owner="),
        ("#revenue_by_hour .chart-links a", "by=revenue"),
        (".panel-link", "/orders"),
    ],
)
def test_each_figure_opens_its_orders(
    world: World, tenant: int, ana: int, sign_in: Sign, selector: str, expected: str
) -> None:
    world.conn.execute("INSERT INTO rollups_daily VALUES (%s, current_date - 2, %s, 7, 7, 70000)", [tenant, ana])
    page = sign_in(ana).open().page
    href = page.locator(selector).first.get_attribute("href")
    assert href is not None
    assert href.startswith("/orders")
    assert expected in href
