"""The focus stays near an element that an update removed, and a pause lasts in new tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..support.world import World
from .conftest import OpenTabs, Sign

pytestmark = pytest.mark.browser

INSIDE = "id => document.getElementById(id).contains(document.activeElement)"


def test_the_focus_stays_in_the_bells_list_when_its_button_is_gone(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    world.order(tenant, owner_id=ana, number="1042", assigns=True)
    page = sign_in(ana).open().page
    page.locator("#bell > summary").press("Enter")
    button = page.get_by_role("button", name="Mark all as read")
    button.focus()
    button.press("Enter")
    expect(button).to_have_count(0)
    expect(page.locator("#inbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#bell > summary")).to_be_focused()


def test_a_dismissed_toast_leaves_the_focus_in_the_page(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    world.order(tenant, owner_id=ana, number="1042", assigns=True)
    dismiss = page.locator("#toasts .toast-dismiss")
    dismiss.focus()
    dismiss.press("Enter")
    expect(page.locator("#toasts .note-toast")).to_have_count(0)
    expect(page.locator("#content")).to_be_focused()


def test_a_click_on_the_page_takes_the_focus_away_and_no_update_brings_it_back(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    page = sign_in(ana).open().page
    page.locator("#recent_orders a").first.focus()
    page.locator("h1").click()
    world.conn.execute("DELETE FROM orders WHERE number = 'S1'")
    expect(page.locator("#recent_orders").get_by_role("link", name="S1", exact=True)).to_have_count(0)
    world.order(tenant, number="LATER")
    expect(page.locator("#recent_orders")).to_contain_text("LATER")
    assert not page.evaluate(INSIDE, "recent_orders")


def label(page: Page, text: str) -> None:
    expect(page.locator("#live-label")).to_have_text(text)


def test_a_new_tab_begins_paused_as_the_newest_one_and_others_go_on(open_tabs: OpenTabs) -> None:
    first, second = open_tabs(2)
    first.page.locator("#pause").click()
    label(first.page, "Paused")
    third = first.page.context.new_page()
    third.goto(first.page.url)
    label(third, "Paused")
    label(second.page, "Live")
    second.page.reload()
    label(second.page, "Paused")
    third.locator("#pause").click()
    label(third, "Live")
    fourth = first.page.context.new_page()
    fourth.goto(first.page.url)
    label(fourth, "Live")
    first.page.reload()
    label(first.page, "Paused")


def test_another_users_pause_in_the_same_browser_does_not_count(open_tabs: OpenTabs) -> None:
    (tab,) = open_tabs(1)
    tab.page.evaluate("localStorage.setItem('doorbell-paused', '999999 paused')")
    tab.page.reload()
    label(tab.page, "Live")
