"""The announcements for screen readers: a summary of changes at most every 20 s, and the user's own orders at once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from ..support import page_clock
from ..support.wait import eventually
from ..support.world import World
from .conftest import Screen, Sign

pytestmark = pytest.mark.browser

EVERY_MS = 20_000
STEP_MS = 50


def announced(page: Page) -> str:
    return (page.locator("#announcer").text_content() or "").strip()


def open_with_stopped_clock(sign_in: Sign, user: int) -> Screen:
    screen: Screen = sign_in(user)
    screen.page.clock.install()
    screen.open()
    page_clock.stop(screen.page)
    return screen


def step_until(page: Page, selector: str, text: str) -> int:
    """Sets the page's clock forward until the text is there; returns by how many milliseconds.

    No faster than time passes, because a busy server needs time: twenty seconds and the page's watchdog are far off.
    """
    steps = 0

    def shown() -> bool:
        nonlocal steps
        page.wait_for_timeout(STEP_MS)
        page.clock.run_for(STEP_MS)
        steps += 1
        return text in page.locator(selector).inner_text()

    eventually(shown)
    return steps * STEP_MS


def test_changes_are_summed_up_after_twenty_seconds_and_not_before(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    page = open_with_stopped_clock(sign_in, ana).page
    world.conn.execute("UPDATE orders SET customer = 'Changed ' || number WHERE number IN ('S3', 'S4')")
    took = step_until(page, "#recent_orders", "Changed S4")
    page.clock.run_for(EVERY_MS - took - 1)
    assert announced(page) == ""
    page.clock.run_for(took + STEP_MS)
    revenue = page.locator("#revenue-figure").inner_text()
    assert announced(page) == f"2 orders changed. Revenue today {revenue}."


def test_the_next_summary_comes_no_sooner_than_twenty_seconds_later(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    page = open_with_stopped_clock(sign_in, ana).page
    world.conn.execute("UPDATE orders SET customer = 'First' WHERE number = 'S3'")
    page.clock.run_for(step_until(page, "#recent_orders", "First") + EVERY_MS + STEP_MS)
    assert announced(page).startswith("1 order changed.")
    world.conn.execute("UPDATE orders SET customer = 'Second ' || number WHERE number IN ('S5', 'S6', 'S7')")
    took = step_until(page, "#recent_orders", "Second S7")
    page.clock.run_for(EVERY_MS - took - 1)
    assert announced(page).startswith("1 order changed.")
    page.clock.run_for(took + STEP_MS)
    assert announced(page).startswith("3 orders changed.")


def test_more_orders_than_a_signal_names_are_many(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    page = open_with_stopped_clock(sign_in, ana).page
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor)"
        " SELECT %s, 'B' || n, 'Bulk', 'EUR', 100 FROM generate_series(1, 60) AS n",
        [tenant],
    )
    page.clock.run_for(step_until(page, "#recent_orders", "Bulk") + EVERY_MS + STEP_MS)
    assert announced(page).startswith("Many orders changed.")


def test_the_users_own_order_is_announced_at_once(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    page = open_with_stopped_clock(sign_in, ana).page
    world.order(tenant, 125_000, number="1042", owner_id=ana, paid_at=world.now())
    expect(page.locator("#announcer")).to_have_text(re.compile("^Order 1042 was paid"))
