"""The figures on a real page: they never contradict each other, fit on one screen, and stay in their places."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..support.figure_writers import figure_writers
from ..support.processes import Doorbell
from ..support.targets import target
from ..support.wait import eventually
from ..support.world import World
from .conftest import Sign
from .test_announcements import open_with_stopped_clock, step_until

pytestmark = pytest.mark.browser

# In each frame: the tile, the sums of hours and people, and orders. A frame in which they differ is what a person would see.
WATCH = """
() => {
  const minor = (text) => Number(text.replace(/[^0-9-]/g, "") || 0);
  const cells = (selector) => [...document.querySelectorAll(selector)];
  const sum = (selector) => cells(selector).reduce((total, cell) => total + minor(cell.textContent), 0);
  const version = (id) => Number(document.getElementById(`${id}-figure`).dataset.version);
  window.differences = [];
  window.states = new Set();
  const look = () => {
    const people = "#salespeople tbody td:nth-of-type";
    const shown = [version("revenue"), sum("#revenue_by_hour tbody td:nth-of-type(1)"), sum(`${people}(1)`)];
    const orders = [version("orders_today"), sum(`${people}(2)`)];
    window.states.add(shown[0]);
    if (new Set(shown).size > 1 || new Set(orders).size > 1) window.differences.push([...shown, ...orders]);
    requestAnimationFrame(look);
  };
  look();
}
"""
# The places of what must not move: cards, heads, figures' left edges, columns.
PLACES = """
() => Array.from(document.querySelectorAll(`[data-frame], .panel-title, .figure, .deltas, .tile-note, .spark, .chart-plot,
  .people tr:first-child > *, .orders-table thead th`), (element) => {
    const { x, y, height } = element.getBoundingClientRect();
    const name = `${element.closest("[data-frame]").dataset.frame} ${element.tagName}.${element.classList[0]}`;
    return [name, ...[x, y, height].map(Math.round)];
  })
"""
CHANGES = 50


@pytest.mark.parametrize("path", ["/", "/?live=poll"])
def test_figures_on_a_page_never_contradict_each_other(
    world: World, tenant: int, ana: int, ben: int, sign_in: Sign, doorbell: Doorbell, path: str
) -> None:
    screen = sign_in(ana)
    page = screen.page
    page.goto(doorbell.url + path)
    expect(page.locator("#live-label")).to_have_text("Live" if path == "/" else "Polling")
    page.evaluate(WATCH)
    with figure_writers(doorbell.service, tenant, [ana, ben]):
        eventually(lambda: page.evaluate("states.size") >= (8 if path == "/" else 3), 45)
    assert page.evaluate("differences") == []
    assert screen.faults == []


def lines(world: World, tenant: int) -> None:
    """Targets, a morning line and enough salespeople, so that nothing is missing on the board."""
    for name in ("Carla Gómez", "Dmitri Volkov", "Eve Adams", "Farid Khan", "Gina Rossi"):
        owner = world.user(tenant, name)
        world.order(tenant, 1, owner_id=owner, paid_at=world.now())
    target(world, tenant, "day", 100_000)
    target(world, tenant, "month", 100_000)
    world.conn.execute("INSERT INTO rollups_daily VALUES (%s, current_date - 1, 0, 7, 7, 70000)", [tenant])


def grow(world: World, tenant: int, owner: int, n: int) -> None:
    """One change: an order that makes the figures longer, from some euros to millions."""
    world.order(tenant, int(100 * 1.3**n), number=f"G{n}", owner_id=owner, paid_at=world.now())


def bottom(page: Page, part: str) -> float:
    box = page.locator(part).first.bounding_box()
    assert box is not None, part
    return box["y"] + box["height"]


def test_the_figures_and_ten_orders_fit_on_a_managers_screen_of_1440_by_900(
    world: World, tenant: int, sign_in: Sign
) -> None:
    lines(world, tenant)
    page = sign_in(world.user(tenant, "Mia", role="manager"), height=900).open().page
    expect(page.locator("#recent_orders tbody tr")).to_have_count(10)
    parts = ("#recent_orders tbody tr:last-child", "#salespeople tr:last-child", ".panel-link", "#refunds_today .spark")
    assert {part: bottom(page, part) for part in parts if bottom(page, part) > 900} == {}


def test_own_and_the_teams_figures_fit_on_a_salespersons_screen_of_1440_by_900(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    lines(world, tenant)
    page = sign_in(ana, height=900).open().page
    parts = ("#mine", "#salespeople tr:last-child", "#revenue_by_hour", "#refunds_today .spark", "#recent_orders-title")
    assert {part: bottom(page, part) for part in parts if bottom(page, part) > 900} == {}


def test_nothing_moves_over_fifty_changes_with_growing_numbers(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    lines(world, tenant)
    page = sign_in(ana, height=900).open().page
    before = places(page)
    figure = page.locator("#revenue-figure")
    for n in range(CHANGES):
        grow(world, tenant, ana, n)
        if n % 10 == 9:
            expected = world.conn.execute(
                "SELECT sum(total_minor)::bigint FROM orders WHERE paid_at IS NOT NULL AND tenant_id = %s", [tenant]
            ).fetchone()
            assert expected is not None
            expect(figure).to_have_attribute("data-version", str(expected[0]))
            assert places(page) == before, f"after {n + 1} changes"
    assert page.evaluate("document.querySelectorAll('.tile.changed, .card.changed').length") == 0


def places(page: Page) -> dict[str, list[object]]:
    """Rows may change their people, so each place is named by its frame and kind, and counted."""
    found: dict[str, list[object]] = {}
    for name, *box in page.evaluate(PLACES):
        # A right-aligned cell keeps its right edge, so only its row's place counts.
        found.setdefault(name, []).append(box)
    return found


def test_a_change_flashes_the_digits_and_not_the_tile(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    # A stopped clock keeps the highlight, which else lasts two seconds.
    page = open_with_stopped_clock(sign_in, ana).page
    before = page.locator("#revenue-figure").inner_text()
    world.order(tenant, 99_999_900, paid_at=world.now())
    step_until(page, "#revenue-figure", "€1,000,")
    assert "€1,000," not in before, "guard: it changed"
    changed = page.locator("#revenue-figure.changed")
    expect(changed).to_be_visible()
    style = "element => getComputedStyle(element).backgroundColor + getComputedStyle(element).boxShadow"
    assert changed.evaluate(style) == "rgba(0, 0, 0, 0)none"
