"""Light and dark: the system's choice, the button's, and what the browser remembers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..support.processes import Doorbell
from .conftest import Sign

pytestmark = pytest.mark.browser


def is_dark(page: Page, dark: bool) -> None:
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark" if dark else "light")
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", "true" if dark else "false")


def test_without_a_choice_the_page_follows_the_system(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana, color_scheme="dark").open().page
    is_dark(page, True)
    page.emulate_media(color_scheme="light")
    is_dark(page, False)


def test_the_buttons_choice_outlives_the_page_and_the_system(ana: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(ana, color_scheme="light").open().page
    page.locator("#theme").click()
    is_dark(page, True)
    page.reload()
    is_dark(page, True)
    page.emulate_media(color_scheme="dark")
    page.locator("#theme").click()
    is_dark(page, False)
    page.goto(doorbell.url + "/orders")
    is_dark(page, False)


def test_without_storage_the_button_still_changes_the_page(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana, color_scheme="light")
    refuse = (
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('off', 'SecurityError') } })"
    )
    screen.page.add_init_script(refuse)
    page = screen.open().page
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    assert screen.faults == []


def test_the_sign_in_page_has_the_button_as_well(ana: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(ana, color_scheme="light").page
    page.context.clear_cookies()
    page.goto(doorbell.url + "/sign-in")
    page.locator("#theme").click()
    is_dark(page, True)
