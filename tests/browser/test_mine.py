"""A salesperson's own figures in a real browser: first on their board, live, and without ranks when these are off."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from ..support.clock import midday_zone
from ..support.processes import Doorbell
from ..support.world import World
from .conftest import Screen, Sign
from .test_accessibility import overflow, violations
from .test_layout import faults

pytestmark = pytest.mark.browser
FRAMES = "Array.from(document.querySelectorAll('.board > [data-frame]'), frame => frame.dataset.frame)"
LONG = "Maximiliane-Charlotte von Hohenlohe-Waldenburg-Schillingsfürst"


@pytest.fixture
def team(world: World) -> tuple[int, int, int]:
    """Ben has sold for €20, Cem for €10 and has an unpaid order for €15; the ids of the tenant, Ben and Cem."""
    tenant = world.tenant(timezone=midday_zone())
    ben, cem = world.user(tenant, "Ben Okafor"), world.user(tenant, "Cem Yilmaz")
    world.order(tenant, 2_000, owner_id=ben, paid_at=world.now())
    world.order(tenant, 1_000, owner_id=cem, paid_at=world.now())
    world.order(tenant, 1_500, owner_id=cem, number="NEXT")
    return tenant, ben, cem


def rank_today(screen: Screen) -> Locator:
    return screen.page.locator("#mine-rank-today")


def test_a_payment_by_sql_moves_own_revenue_and_rank_of_open_boards(
    world: World, team: tuple[int, int, int], sign_in: Sign
) -> None:
    _tenant, ben, cem = team
    screens = {user: sign_in(user).open() for user in (ben, cem)}
    expect(screens[cem].page.locator("#mine-revenue")).to_have_text("€10.00")
    expect(rank_today(screens[cem])).to_have_text("2nd of 2 today")
    expect(rank_today(screens[ben])).to_have_text("1st of 2 today")
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = 'NEXT'")
    expect(screens[cem].page.locator("#mine-revenue")).to_have_text("€25.00")
    expect(rank_today(screens[cem])).to_have_text("1st of 2 today")
    expect(rank_today(screens[ben])).to_have_text("2nd of 2 today")
    expect(screens[cem].page.locator("#mine-list")).to_contain_text("Ship order NEXT")
    assert all(screen.was_not_reloaded() and screen.faults == [] for screen in screens.values())


def test_salespeople_see_themselves_first_and_managers_the_team(
    world: World, team: tuple[int, int, int], sign_in: Sign
) -> None:
    tenant, ben, _cem = team
    max_manager = world.user(tenant, "Max Manager", role="manager")
    assert sign_in(ben).open().page.evaluate(FRAMES)[0] == "mine"
    screen = sign_in(max_manager).open()
    assert screen.page.evaluate(FRAMES)[-1] == "mine"
    frame = screen.page.locator("[data-frame=mine]")
    expect(frame).to_be_hidden()
    world.order(tenant, 700, owner_id=max_manager, paid_at=world.now())
    expect(frame).to_be_visible()
    expect(frame).to_contain_text("3rd of 3 today")


def test_a_manager_switches_the_ranking_off_and_open_boards_lose_it_at_once(
    world: World, team: tuple[int, int, int], sign_in: Sign, doorbell: Doorbell
) -> None:
    tenant, ben, _cem = team
    board = sign_in(ben).open()
    expect(rank_today(board)).to_be_visible()
    assert board.page.locator("#salespeople .share-bar").count() == 2
    settings = sign_in(world.user(tenant, "Max Manager", role="manager")).page
    settings.goto(doorbell.url + "/settings/board")
    assert violations(settings) == []
    settings.get_by_label("Rank salespeople by revenue").uncheck()
    settings.get_by_role("button", name="Save").click()
    expect(rank_today(board)).to_have_count(0)
    expect(board.page.locator("#salespeople .share-bar, #leaderboard .rank")).to_have_count(0)
    assert board.was_not_reloaded()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("locale", "currency", "minor"), [("id_ID", "IDR", 987_654_321_00), ("ar_EG", "EGP", 98_765_432_10)]
)
def test_long_names_and_large_amounts_fit_a_salespersons_board(
    world: World, sign_in: Sign, locale: str, currency: str, minor: int, scheme: str
) -> None:
    tenant = world.tenant(locale=locale, currency=currency)
    ana = world.user(tenant, LONG)
    for n in range(3):
        order = world.order(
            tenant,
            minor,
            currency=currency,
            owner_id=ana,
            customer=LONG,
            number=f"LONG-{'9' * 50}-{n}",
            paid_at=world.now(),
        )
        values = [tenant, order, LONG, minor, minor]
        world.conn.execute("INSERT INTO order_lines VALUES (%s, %s, 1, '', %s, 12345.678, %s, %s)", values)
        world.order(tenant, minor, currency=currency, owner_id=ana, placed_at="2026-01-02", number=f"OLD-{n}")
    for period in ("day", "week", "month"):
        world.conn.execute(
            "INSERT INTO sales_targets (tenant_id, owner_id, period, amount_minor) VALUES (%s, %s, %s, %s)",
            [tenant, ana, period, minor * 40],
        )
    screen = sign_in(ana, color_scheme=scheme).open()
    frames = screen.page.locator("[data-frame=mine], [data-frame=funnel], [data-frame=top_products]")
    assert all(frame.is_visible() for frame in frames.all())
    assert frames.count() == 3
    for width in (375, 768, 1440):
        screen.page.set_viewport_size({"width": width, "height": 1000})
        found = [fault for fault in faults(screen.page) if re.search("mine|funnel|top_products|page", fault)]
        assert (width, found, overflow(screen.page)) == (width, [], 0)
    assert violations(screen.page) == []
    screen.page.set_viewport_size({"width": 375, "height": 800})
    assert screen.page.evaluate("document.documentElement.scrollWidth") == 375
    assert violations(screen.page) == []
