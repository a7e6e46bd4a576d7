"""A number or row that changed is highlighted for two seconds, and nothing else is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator

from ..support.world import World
from .conftest import Sign
from .test_announcements import STEP_MS, open_with_stopped_clock, step_until

pytestmark = pytest.mark.browser

HIGHLIGHT_MS = 2_000


def is_highlighted(element: Locator) -> bool:
    return "changed" in (element.get_attribute("class") or "").split()


def test_a_changed_row_is_highlighted_for_two_seconds_and_its_neighbours_are_not(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    page = open_with_stopped_clock(sign_in, ana).page
    ids: dict[str, int] = dict(world.conn.execute("SELECT number, id FROM orders").fetchall())
    changed, neighbour = (page.locator(f"#order-{ids[number]}") for number in ("S4", "S5"))
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = 'S4'")
    # The highlight began in the last step.
    step_until(page, f"#order-{ids['S4']}", "shipped")
    assert is_highlighted(changed)
    assert not is_highlighted(neighbour)
    page.clock.run_for(HIGHLIGHT_MS - STEP_MS - 1)
    assert is_highlighted(changed)
    page.clock.run_for(STEP_MS + 1)
    assert not is_highlighted(changed)


def test_a_tile_is_highlighted_only_when_its_number_changed(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    page = open_with_stopped_clock(sign_in, ana).page
    revenue, placed = page.locator("#revenue-figure"), page.locator("#orders_today-figure")
    world.conn.execute("UPDATE orders SET paid_at = now(), total_minor = 5000000 WHERE number = 'S3'")
    step_until(page, "#revenue-figure", "€50")
    assert is_highlighted(revenue)
    assert not is_highlighted(placed)
