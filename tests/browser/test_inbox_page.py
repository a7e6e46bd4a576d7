"""The inbox page in a browser: live under a filter, with ticked boxes that stay; and the notification settings."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ..support.world import World
from .conftest import Sign

pytestmark = pytest.mark.browser


def test_a_filtered_inbox_is_live_and_keeps_its_ticked_boxes(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    orders = [world.order(tenant, owner_id=ana, number=f"N{number}", paid_at=world.now()) for number in range(3)]
    screen = sign_in(ana).open("/inbox?kind=paid&show=unread")
    page = screen.page
    notes, boxes = page.locator("#inbox-page .note"), page.locator("#inbox-page input[type=checkbox]")
    expect(notes).to_have_count(3)
    boxes.nth(0).check()
    world.change(orders[0], shipped_at=world.now())
    world.order(tenant, owner_id=ana, number="LATER", paid_at=world.now())
    expect(notes).to_have_count(4)
    expect(notes.nth(0)).to_contain_text("LATER")
    expect(page.locator("#inbox-page input:checked")).to_have_value(str(notes.nth(1).get_attribute("id")).split("-")[1])
    page.get_by_role("button", name="Mark selected as read").click()
    expect(notes).to_have_count(3)
    assert page.url.endswith("/inbox?show=unread&kind=paid")
    expect(page.locator("#inbox-page")).not_to_contain_text("N2")
    assert screen.faults == []


def test_the_settings_are_reached_from_the_account_menu_and_saved(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open()
    page = screen.page
    page.get_by_label("Account of Ana Silva").click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("navigation", name="Settings").get_by_role("link", name="Notifications").click()
    page.get_by_label("Your order is paid: Sound").check()
    page.get_by_label("From", exact=True).fill("22:00")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter both times")
    expect(page.get_by_label("Your order is paid: Sound")).to_be_checked()
    page.get_by_label("To", exact=True).fill("07:00")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Notification settings saved.")).to_be_visible()
    stored = "SELECT sound FROM notification_preferences WHERE kind = 'paid'"
    assert world.conn.execute(stored).fetchone() == (True,)
    assert all("422" in fault for fault in screen.faults), "only the refused form"
