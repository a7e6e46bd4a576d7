"""Desktop notifications are offered at a good moment, once, and turned on by the user."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from ..support.notices import RECORD
from ..support.tabs import Tab
from ..support.wait import eventually
from ..support.world import World
from .conftest import OpenTabs
from .test_accessibility import LOOKS, overflow, violations

pytestmark = pytest.mark.browser

OFFER = "Get told when Doorbell is in the background"
# Headless Chromium denies without a question. A browser that a person uses asks.
ASKS = """
window.answer = "granted";
Object.defineProperty(Notification, "permission", { get: () => window.given ?? "default" });
Notification.requestPermission = async () => (window.given = window.answer);
"""


@pytest.fixture
def orders(world: World, tenant: int, ana: int) -> None:
    for number in ("T1", "T2", "T3"):
        world.order(tenant, 10_000, number=number, owner_id=ana)


def pay(world: World, tab: Tab, number: str) -> None:
    before = tab.page.locator("#unread").inner_text()
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = %s", [number])
    expect(tab.page.locator("#unread")).not_to_have_text(before)


def wanted(world: World, user: int) -> set[tuple[object, ...]]:
    return set(
        world.conn.execute(
            "SELECT toast, sound, desktop, push FROM notification_preferences WHERE user_id = %s", [user]
        ).fetchall()
    )


@pytest.mark.parametrize(("scheme", "width"), LOOKS.values(), ids=LOOKS)
def test_the_offer_comes_on_return_after_a_notification_that_arrived_in_the_background(
    world: World, ana: int, orders: None, context: BrowserContext, open_tabs: OpenTabs, scheme: str, width: int
) -> None:
    context.add_init_script(ASKS)
    (tab,) = open_tabs(1)
    tab.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    tab.page.set_viewport_size({"width": width, "height": 800})
    card = tab.page.locator("#toasts .offer")
    pay(world, tab, "T1")
    expect(tab.page.locator("#toasts")).to_contain_text("Order T1 was paid")
    expect(card).to_have_count(0)
    tab.hide()
    pay(world, tab, "T2")
    tab.show()
    expect(card).to_contain_text(OFFER)
    assert (violations(tab.page), overflow(tab.page)) == ([], 0)
    card.get_by_role("button", name="Turn on").click()
    expect(card).to_have_count(0)
    eventually(lambda: wanted(world, ana) == {(True, True, True, False)})


def test_not_now_is_remembered_in_all_pages(
    world: World, ana: int, orders: None, context: BrowserContext, open_tabs: OpenTabs
) -> None:
    context.add_init_script(ASKS)
    (tab,) = open_tabs(1)
    for number, count in (("T1", 1), ("T2", 0)):
        tab.hide()
        pay(world, tab, number)
        tab.show()
        expect(tab.page.locator("#toasts")).to_contain_text("paid")
        expect(tab.page.locator(".offer")).to_have_count(count)
        for button in tab.page.get_by_role("button", name="Not now").all():
            button.click()
        tab.open()
    assert wanted(world, ana) == set()


def test_a_browser_that_blocks_notifications_is_told_how_to_change_it(
    world: World, orders: None, context: BrowserContext, open_tabs: OpenTabs
) -> None:
    context.add_init_script(ASKS.replace("granted", "denied"))
    (tab,) = open_tabs(1)
    tab.hide()
    pay(world, tab, "T1")
    tab.show()
    tab.page.get_by_role("button", name="Turn on").click()
    expect(tab.page.locator(".offer")).to_contain_text("Your browser does not allow it.")
    tab.page.get_by_role("button", name="Close").click()
    expect(tab.page.locator(".offer")).to_have_count(0)


def test_the_settings_page_plays_the_sound_and_shows_the_permission(
    context: BrowserContext, open_tabs: OpenTabs
) -> None:
    context.grant_permissions(["notifications"])
    context.add_init_script(RECORD)
    (tab,) = open_tabs(1, "/notifications")
    tab.page.get_by_role("button", name="Play the sound").click()
    eventually(lambda: tab.read("window.tones") == 2)
    expect(tab.page.locator("[data-desktop-state]")).to_have_text("Allowed in this browser.")
    assert tab.faults == []
