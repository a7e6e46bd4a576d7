"""The geometry of a TV: it fills four kinds of screens without scrolling, figures are large, and axe finds no violation."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ..support.large_amounts import COMPANIES, company
from ..support.tv_screen import OpenTv
from ..support.tvs import SCREENS, make_tv
from ..support.world import World
from .test_accessibility import violations

pytestmark = pytest.mark.browser

SIZES = {"full HD": (1920, 1080), "4K": (3840, 2160), "laptop": (1366, 768), "upright": (1080, 1920)}
LONG_NAME = "Maximiliane von Hohenlohe-Langenburg-Schillingsfürst zu Wied"
# Returns the faults of the shown screen as sentences.
FAULTS = """
() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollHeight > innerHeight || root.scrollWidth > innerWidth) found.push("the page scrolls");
  const shown = document.querySelector(".tv-screen.is-shown");
  for (const figure of shown.querySelectorAll(".tv-figure")) {
    const vh = parseFloat(getComputedStyle(figure).fontSize) / innerHeight * 100;
    if (vh < 6) found.push(`"${figure.textContent}" has ${vh.toFixed(1)} vh`);
    const box = figure.getBoundingClientRect(), card = figure.closest(".tv-card").getBoundingClientRect();
    const isInside = box.left >= card.left && box.right <= card.right && box.bottom <= card.bottom;
    if (!isInside || figure.scrollWidth > figure.clientWidth + 1) found.push(`"${figure.textContent}" exceeds its place`);
  }
  for (const box of shown.querySelectorAll(".tv-card, .tv-rows")) {
    const high = box.scrollHeight - box.clientHeight, wide = box.scrollWidth - box.clientWidth;
    if (high > 1 || wide > 1) found.push(`${box.className} is ${high} px too high, ${wide} px too wide`);
  }
  for (const cell of shown.querySelectorAll("td.tv-order-total, td.tv-order-status")) {
    if (cell.scrollWidth > cell.clientWidth + 1) found.push(`"${cell.textContent.trim()}" is cut`);
  }
  const bottom = shown.getBoundingClientRect().bottom;
  if (bottom < innerHeight * 0.9) found.push(`the screen ends at ${bottom}`);
  for (const name of ["h1", "#live-label", "#as-of", "#clock"]) {
    const part = document.querySelector(name).getBoundingClientRect();
    if (part.width === 0 || part.right > innerWidth || part.left < 0) found.push(`${name} is not in view`);
  }
  return found;
}
"""
SHOW = """
name => document.querySelectorAll("[data-screen]").forEach(
  each => each.classList.toggle("is-shown", each.dataset.screen === name))
"""


@pytest.fixture
def busy(world: World, tenant: int) -> int:
    """The tenant with long names, large amounts, targets and thirty days."""
    world.conn.execute("UPDATE tenants SET working_days = '{1,2,3,4,5,6,7}', name = %s", [LONG_NAME])
    world.conn.execute("UPDATE users SET name = %s WHERE name = 'Ana Silva'", [LONG_NAME])
    for number in range(9):
        owner = world.user(tenant, f"{number}. Person", email=f"{number}@example.com")
        world.order(
            tenant, 98_765_432, owner_id=owner, customer=LONG_NAME, paid_at="now", number=f"LONG-NUMBER-{number}"
        )
    world.conn.execute(
        "INSERT INTO rollups_daily (tenant_id, day, owner_id, revenue_minor, orders, paid_orders)"
        " SELECT %s, (now() - n * interval '1 day')::date, 0, 1000000 + n * 79190000::bigint, 20, 18"
        " FROM generate_series(1, 30) n",
        [tenant],
    )
    for period in ("day", "month"):
        world.insert("sales_targets", {"tenant_id": tenant, "period": period, "amount_minor": 2_222_222_222})
    return tenant


def faults(page: Page) -> dict[str, Any]:
    """The faults of each screen."""
    found = {}
    for name in SCREENS:
        page.evaluate(SHOW, name)
        if problems := page.evaluate(FAULTS):
            found[name] = problems
    return found


@pytest.mark.parametrize("size", SIZES)
def test_every_screen_fills_the_tv_and_its_figures_have_at_least_six_vh(
    world: World, busy: int, wall: OpenTv, size: str
) -> None:
    width, height = SIZES[size]
    for hides_money in (False, True):
        tv = make_tv(world, busy, hides_money=hides_money)
        page = wall(tv, width, height, reduced_motion="reduce").open().page
        assert faults(page) == {}, f"privacy: {hides_money}"


@pytest.mark.parametrize(("locale", "currency", "minor"), COMPANIES, ids=[each[1] for each in COMPANIES])
def test_names_of_sixty_characters_and_amounts_of_all_currencies_fit(
    world: World, wall: OpenTv, locale: str, currency: str, minor: int
) -> None:
    company(world, locale, currency, minor)
    row = world.conn.execute("SELECT id FROM tenants").fetchone()
    assert row is not None
    tv = make_tv(world, row[0])
    for size in ("full HD", "upright"):
        page = wall(tv, *SIZES[size], reduced_motion="reduce").open().page
        assert faults(page) == {}, size


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation_on_any_screen_after_live_updates(
    world: World, busy: int, wall: OpenTv, theme: str
) -> None:
    page = wall(make_tv(world, busy, theme=theme), reduced_motion="reduce").open().page
    world.order(busy, 1_111_111, owner_id=None, paid_at="now", customer="Axe Ltd")
    expect(page.locator("#party")).to_contain_text("1 order paid")
    for name in SCREENS:
        page.evaluate(SHOW, name)
        assert (name, violations(page)) == (name, [])
