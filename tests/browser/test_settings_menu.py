"""The links of the settings: on a phone a menu that names the page, on wider screens a list beside the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from ..support.processes import Doorbell
from ..support.world import World
from .conftest import TIMEOUT_MS, Sign
from .test_accessibility import overflow, violations

pytestmark = pytest.mark.browser

PHONE, HEIGHT = 375, 812
HEADING_PX, CONTROL_PX = 160, 300  # below the top of the window
USERS = "/settings/users"
PAGES = {
    USERS: "Users",
    "/settings/profile": "Profile",
    "/settings/security": "Security",
    "/settings/audit-log": "Audit log",
    "/settings/privacy": "Privacy",
}
CONTROL = ".settings-body :is(a, button, summary, select, input:not([type=hidden])) >> visible=true"


@pytest.fixture
def ida(world: World, tenant: int) -> int:
    return world.user(tenant, "Ida Admin", role="admin", password_hash="x")


def edges(page: Page, selector: str) -> tuple[float, float]:
    """Top and bottom of the first match, from the top of the page."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["y"], box["y"] + box["height"]


def test_heading_and_first_control_are_at_the_top_of_a_phone(ida: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(ida, width=PHONE, height=HEIGHT).page
    for path, name in PAGES.items():
        page.goto(doorbell.url + path)
        expect(page.locator(".settings-menu > summary strong")).to_have_text(name)
        assert edges(page, "h1")[1] <= HEADING_PX, path
        assert edges(page, CONTROL)[0] <= CONTROL_PX, path


def test_the_menu_opens_by_keyboard_above_the_page_and_leads_to_the_other_pages(ida: int, sign_in: Sign) -> None:
    page = sign_in(ida, width=PHONE, height=HEIGHT).open(USERS).page
    before = edges(page, "h1")
    menu, links = page.locator(".settings-menu > summary"), page.locator(".settings-menu a")
    assert not links.first.is_visible()
    menu.focus()
    page.keyboard.press("Enter")
    assert links.last.is_visible()
    assert edges(page, "h1") == before
    page.keyboard.press("Escape")
    assert not links.first.is_visible()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(links.first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Security")).to_be_visible()
    assert not links.first.is_visible()


@pytest.mark.parametrize("language", ["en-GB", "ar"])
def test_the_open_menu_has_no_violation_in_light_and_dark(
    ida: int, sign_in: Sign, doorbell: Doorbell, language: str
) -> None:
    page = sign_in(ida, width=PHONE, height=HEIGHT, locale=language).page
    page.goto(doorbell.url + USERS)
    page.locator(".settings-menu > summary").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        assert (scheme, violations(page), overflow(page)) == (scheme, [], 0)


def test_the_menu_works_without_scripts(chromium: Browser, doorbell: Doorbell, ida: int) -> None:
    context = chromium.new_context(viewport={"width": PHONE, "height": HEIGHT}, java_script_enabled=False)
    try:
        context.set_default_timeout(TIMEOUT_MS)
        name, _, value = doorbell.cookie(ida).partition("=")
        context.add_cookies([{"name": name, "value": value, "url": doorbell.url}])
        page = context.new_page()
        page.goto(doorbell.url + USERS)
        page.locator(".settings-menu > summary").click()
        page.locator(".settings-menu").get_by_role("link", name="Privacy").click()
        expect(page.get_by_role("heading", name="Privacy", exact=True)).to_be_visible()
    finally:
        context.close()


@pytest.mark.parametrize("width", [768, 1440])
def test_a_wider_page_has_all_links_beside_it(ida: int, sign_in: Sign, doorbell: Doorbell, width: int) -> None:
    page = sign_in(ida, width=width, height=HEIGHT).page
    page.goto(doorbell.url + USERS)
    assert not page.locator(".settings-menu > summary").is_visible()
    links = page.locator(".settings-menu a")
    assert all(link.is_visible() for link in links.all())
    nav, body = page.locator(".settings-nav").bounding_box(), page.locator(".settings-body").bounding_box()
    assert nav is not None
    assert body is not None
    assert nav["x"] + nav["width"] < body["x"]


def test_the_links_stay_below_the_top_bar_and_inside_of_a_low_window(
    ida: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    page = sign_in(ida, width=1440, height=500).page
    page.goto(doorbell.url + "/settings/privacy")
    page.evaluate("window.scrollTo({ top: 400, behavior: 'instant' })")
    assert page.evaluate("window.scrollY") == 400
    top, bottom = edges(page, ".settings-nav")
    assert top >= edges(page, ".topbar")[1]
    assert bottom <= 500
    page.locator(".settings-menu a").last.focus()
    assert edges(page, ".settings-menu a >> nth=-1")[1] <= bottom
