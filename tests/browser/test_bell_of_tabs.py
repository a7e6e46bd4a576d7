"""The bell of a browser with many tabs: one notification, and all tabs agree."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from ..support.notices import CLICK, RAISED, RECORD
from ..support.tabs import Tab
from ..support.wait import eventually
from ..support.world import World
from .conftest import OpenTabs

pytestmark = pytest.mark.browser


@pytest.fixture
def order(world: World, tenant: int, ana: int) -> int:
    return world.order(tenant, 125000, number="1042", customer="Vins et alcools Chevalier", owner_id=ana)


def pay(world: World) -> None:
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = '1042'")


def want(world: World, user: int, *channels: str) -> None:
    """The user's preference for paid orders."""
    chosen = {name: name in channels for name in ("toast", "sound", "desktop", "push")}
    world.conn.execute(
        "INSERT INTO notification_preferences (tenant_id, user_id, kind, toast, sound, desktop, push)"
        " SELECT tenant_id, id, 'paid', %(toast)s, %(sound)s, %(desktop)s, %(push)s FROM users WHERE id = %(user)s",
        chosen | {"user": user},
    )


def titles(tabs: list[Tab]) -> set[str]:
    return {str(tab.read("document.title")) for tab in tabs}


def toasts(tabs: list[Tab]) -> list[int]:
    return [tab.page.locator("#toasts > .note-toast").count() for tab in tabs]


def test_the_title_of_hidden_tabs_has_the_number_of_unread_notifications(
    world: World, open_tabs: OpenTabs, order: int
) -> None:
    tabs = open_tabs(2)
    own = titles(tabs).pop()
    for tab in tabs:
        tab.hide()
    pay(world)
    eventually(lambda: titles(tabs) == {f"(1) {own}"})
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = '1042'")
    eventually(lambda: titles(tabs) == {f"(2) {own}"})
    for tab in tabs:
        expect(tab.page.locator("#unread")).to_have_text("2")


def test_a_notification_read_in_one_of_eight_tabs_is_read_in_all(world: World, open_tabs: OpenTabs, order: int) -> None:
    tabs = open_tabs(8)
    own = titles(tabs).pop()
    for tab in tabs[1:]:
        tab.hide()
    pay(world)
    eventually(lambda: titles(tabs) == {f"(1) {own}"})
    eventually(lambda: toasts(tabs) == [1, 0, 0, 0, 0, 0, 0, 0])
    tabs[0].page.locator("#bell > summary").click()
    tabs[0].page.get_by_role("button", name="Mark order 1042 paid as read").click()
    eventually(lambda: titles(tabs) == {own})
    eventually(lambda: toasts(tabs) == [0] * 8)


def test_of_three_visible_tabs_one_shows_the_toast(world: World, open_tabs: OpenTabs, order: int) -> None:
    tabs = open_tabs(3)
    pay(world)
    for tab in tabs:
        expect(tab.page.locator("#unread")).to_have_text("1")
    eventually(lambda: sum(toasts(tabs)) == 1)
    tabs[0].page.wait_for_timeout(1_000)
    assert sum(toasts(tabs)) == 1


def test_a_toast_waits_for_the_tab_that_is_shown_next(world: World, open_tabs: OpenTabs, order: int) -> None:
    tabs = open_tabs(3)
    for tab in tabs:
        tab.hide()
    pay(world)
    for tab in tabs:
        expect(tab.page.locator("#unread")).to_have_text("1")
    assert toasts(tabs) == [0, 0, 0]
    tabs[1].show()
    expect(tabs[1].page.locator("#toasts")).to_contain_text("Order 1042 was paid")
    tabs[2].show()
    tabs[0].show()
    tabs[0].page.wait_for_timeout(1_000)
    assert toasts(tabs)[::2] == [0, 0]


def test_while_no_tab_is_visible_one_raises_a_desktop_notification_and_the_sound(
    world: World, ana: int, context: BrowserContext, open_tabs: OpenTabs, order: int
) -> None:
    want(world, ana, "toast", "sound", "desktop")
    context.grant_permissions(["notifications"])
    context.add_init_script(RECORD)
    tabs = open_tabs(3)
    for tab in tabs:
        tab.page.locator("h1").first.click()  # without it a browser plays no sound
        tab.hide()
    pay(world)
    eventually(lambda: [tab.read(RAISED) for tab in tabs if tab.read("window.raised.length")])
    tabs[0].page.wait_for_timeout(1_000)
    (raised,) = [tab.read(RAISED) for tab in tabs if tab.read("window.raised.length")]
    note = world.conn.execute("SELECT id FROM notifications WHERE order_id = %s", [order]).fetchone()
    assert note is not None
    assert raised == [["Order 1042 was paid", "€1,250.00 · Vins et alcools Chevalier", f"note-{note[0]}"]]
    eventually(lambda: [tab.read("window.tones") for tab in tabs] == [2, 0, 0])  # the leading tab
    tabs[0].read(CLICK)
    expect(tabs[0].page).to_have_url(re.compile(r"/orders/1042$"))


def test_a_visible_tab_raises_no_desktop_notification(
    world: World, ana: int, context: BrowserContext, open_tabs: OpenTabs, order: int
) -> None:
    want(world, ana, "toast", "desktop")
    context.grant_permissions(["notifications"])
    context.add_init_script(RECORD)
    hidden, shown = open_tabs(2)
    hidden.hide()
    pay(world)
    expect(shown.page.locator("#toasts")).to_contain_text("Order 1042 was paid")
    shown.page.wait_for_timeout(1_000)
    assert (hidden.read(RAISED), shown.read(RAISED), shown.read("window.tones")) == ([], [], 0)


def test_another_browser_of_the_user_agrees(
    world: World, ana: int, open_tabs: OpenTabs, sign_in: object, order: int
) -> None:
    here = open_tabs(2)
    there = sign_in(ana).open()  # type: ignore[operator]
    pay(world)
    for page in (here[0].page, here[1].page, there.page):
        expect(page.locator("#unread")).to_have_text("1")
    expect(there.page.locator("#toasts")).to_contain_text("Order 1042 was paid")
    there.page.locator("#toasts").get_by_role("link", name="Open").click()
    for tab in here:
        expect(tab.page.locator("#unread")).to_have_text("")
