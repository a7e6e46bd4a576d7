"""What an open page says when its session ends, or another user signs in in the same browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from ..support.processes import Doorbell
from ..support.world import World
from .conftest import PATIENCE_MS, Sign

pytestmark = pytest.mark.browser


def test_a_page_of_a_disabled_user_says_within_seconds_that_it_is_signed_out(
    world: World, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open()
    world.conn.execute("UPDATE users SET disabled_at = now() WHERE id = %s", [ana])
    expect(screen.page.locator("#live-words")).to_contain_text("You are signed out.")
    assert screen.was_not_reloaded()


def test_of_two_demo_links_in_one_browser_the_first_page_says_that_another_user_is_signed_in(
    chromium: Browser, doorbell: Doorbell, world: World
) -> None:
    demo = world.tenant("demo")
    world.user(demo, "Mara Lindqvist", role="manager")
    world.user(demo, "Ben Okafor")
    context = chromium.new_context()
    try:
        context.set_default_timeout(PATIENCE_MS)
        first, second = context.new_page(), context.new_page()
        first.goto(doorbell.url + "/demo")
        words = first.locator("#live-words")
        expect(words).to_have_text("Live")
        second.goto(doorbell.url + "/demo?as=sales")
        expect(second.locator("#live-words")).to_have_text("Live")
        expect(words).to_contain_text("Another user is signed in now.")
        words.get_by_text("Reload this page.").click()
        expect(first.locator(".menu-name")).to_have_text("Ben")
        expect(first.locator("#live-words")).to_have_text("Live")
    finally:
        context.close()
