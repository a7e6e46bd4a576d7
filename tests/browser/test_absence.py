"""After an absence the page shows one sentence with the number of changes, in one tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ..support.processes import Doorbell
from ..support.tabs import Tab
from ..support.wait import eventually
from ..support.world import World
from .conftest import OpenTabs

pytestmark = pytest.mark.browser


@pytest.fixture
def tabs(open_tabs: OpenTabs) -> list[Tab]:
    return open_tabs(2)


def be_away(tabs: list[Tab], doorbell: Doorbell, world: World, ana: int, seconds: int, changes: int) -> None:
    """As for a computer that slept: no message arrives, and the clock goes on."""
    doorbell.web.kill()
    world.conn.execute(
        "UPDATE orders SET shipped_at = now() WHERE id IN"
        " (SELECT id FROM orders WHERE owner_id = %s AND shipped_at IS NULL ORDER BY id LIMIT %s)",
        [ana, changes],
    )
    for tab in tabs:
        tab.read(f"(() => {{ const now = Date.now; Date.now = () => now() + {seconds * 1_000}; }})()")
    doorbell.start_web()


def tab_with_toast(tabs: list[Tab]) -> Tab:
    """The only one, as soon as it shows its toast, which may be after the number in its badge."""
    (shown,) = eventually(lambda: [tab for tab in tabs if tab.page.locator("#toasts > .note-toast").count()])
    return shown


def test_a_return_after_an_absence_shows_the_number_of_changes_once(
    world: World, ana: int, tabs: list[Tab], doorbell: Doorbell
) -> None:
    be_away(tabs, doorbell, world, ana, 120, 14)
    for tab in tabs:
        expect(tab.page.locator("#unread")).to_have_text("14")
    shown = tab_with_toast(tabs)
    expect(shown.page.locator("#toasts")).to_contain_text("14 changes while you were away")
    assert shown.page.locator("#toasts > .note-toast").count() == 1
    shown.page.get_by_role("link", name="Show them").click()
    expect(shown.page).to_have_url(re.compile(r"/inbox\?since=\d+"))


def test_a_short_interruption_is_not_an_absence(world: World, ana: int, tabs: list[Tab], doorbell: Doorbell) -> None:
    be_away(tabs, doorbell, world, ana, 0, 14)
    for tab in tabs:
        expect(tab.page.locator("#unread")).to_have_text("14")
    shown = tab_with_toast(tabs)
    expect(shown.page.locator("#toasts")).to_contain_text("14 of your orders were shipped")
