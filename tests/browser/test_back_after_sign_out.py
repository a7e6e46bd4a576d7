"""After a sign-out the Back button shows nothing of the account, even when the browser keeps whole pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ..support.chromium import ARGUMENTS, find
from ..support.processes import Doorbell
from ..support.world import World

pytestmark = pytest.mark.browser

SECRET = "Customer 1"  # a name on each page
PAGES = ("/", *(pytest.param(path, marks=pytest.mark.faults) for path in ("/orders", "/orders/S10", "/inbox")))


@pytest.fixture
def keeping(chromium: Browser) -> Iterator[Browser]:
    """A browser with the back-forward cache, which Playwright switches off by default."""
    browser = chromium.browser_type.launch(
        executable_path=find(), args=list(ARGUMENTS), ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


@pytest.fixture
def page(keeping: Browser, doorbell: Doorbell, ana: int, world: World) -> Page:
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = 'S10'")
    page = keeping.new_page()
    name, _, value = doorbell.cookie(ana).partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": doorbell.url}])
    return page


def back(page: Page) -> None:
    page.evaluate("() => { setTimeout(() => history.back(), 0) }")


def sign_out(page: Page) -> None:
    page.get_by_label("Account of Ana Silva").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("body")).to_contain_text("You are signed out")


@pytest.mark.parametrize("path", PAGES)
def test_back_after_a_sign_out_shows_the_sign_in_page(page: Page, doorbell: Doorbell, path: str) -> None:
    assert "no-store" in page.goto(doorbell.url + path).headers["cache-control"]  # type: ignore[union-attr]
    expect(page.locator("main")).to_contain_text(SECRET)
    sign_out(page)
    back(page)
    expect(page.locator("input[type=password]")).to_be_visible()
    assert SECRET not in page.locator("body").inner_text()


@pytest.mark.parametrize("path", PAGES)
def test_a_restored_page_stays_hidden_until_the_user_is_checked(page: Page, doorbell: Doorbell, path: str) -> None:
    """Simulates a browser that keeps pages in spite of no-store and restores the same page."""
    page.goto(doorbell.url + path)
    expect(page.locator("main")).to_contain_text(SECRET)
    page.context.clear_cookies()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).visibility") == "hidden"
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("input[type=password]")).to_be_visible()


def test_a_restored_page_of_the_same_user_is_shown_again(page: Page, doorbell: Doorbell) -> None:
    page.goto(doorbell.url + "/orders/S10")
    page.evaluate("window.paintedOnce = true")
    for event in ("pagehide", "pageshow"):
        page.evaluate(f"dispatchEvent(new PageTransitionEvent('{event}', {{ persisted: true }}))")
    expect(page.locator("main")).to_have_css("visibility", "visible")
    assert page.evaluate("window.paintedOnce")
