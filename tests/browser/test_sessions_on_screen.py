"""The open page when its session ends, or when another user signs in in the same browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from ..support.processes import Doorbell
from ..support.world import World
from .conftest import TIMEOUT_MS, Sign

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("change", ["disabled_at = now()", "role = 'viewer'"])
def test_the_page_of_a_user_who_is_disabled_or_gets_another_role_shows_within_seconds_that_it_is_signed_out(
    world: World, ana: int, sign_in: Sign, change: str
) -> None:
    screen = sign_in(ana).open()
    world.conn.execute(f"UPDATE users SET {change} WHERE id = {ana}".encode())
    expect(screen.page.locator("#live-label")).to_contain_text("You are signed out.")
    assert screen.was_not_reloaded()


def test_a_second_demo_user_in_one_browser_is_shown_on_the_first_page(
    chromium: Browser, doorbell: Doorbell, world: World
) -> None:
    demo = world.tenant("demo")
    world.user(demo, "Mara Lindqvist", role="manager")
    world.user(demo, "Ben Okafor")
    context = chromium.new_context()
    try:
        context.set_default_timeout(TIMEOUT_MS)
        first, second = context.new_page(), context.new_page()
        first.goto(doorbell.url + "/demo")
        label = first.locator("#live-label")
        expect(label).to_have_text("Live")
        second.goto(doorbell.url + "/demo?as=sales")
        expect(second.locator("#live-label")).to_have_text("Live")
        expect(label).to_contain_text("Another user is signed in now.")
        label.get_by_text("Reload this page.").click()
        expect(first.locator(".menu-name")).to_have_text("Ben")
        expect(first.locator("#live-label")).to_have_text("Live")
    finally:
        context.close()
