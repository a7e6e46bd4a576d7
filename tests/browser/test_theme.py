"""Light and dark: the system's choice, the button's, and what the browser remembers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..support.processes import Doorbell
from .conftest import Sign

pytestmark = pytest.mark.browser


def expect_theme(page: Page, theme: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", str(theme == "dark").lower())


def test_without_a_choice_the_page_follows_the_system(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana, color_scheme="dark").open().page
    expect_theme(page, "dark")
    page.emulate_media(color_scheme="light")
    expect_theme(page, "light")


def test_the_buttons_choice_outlives_the_page_and_the_system(ana: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(ana, color_scheme="light").open().page
    page.locator("#theme").click()
    expect_theme(page, "dark")
    page.reload()
    expect_theme(page, "dark")
    page.emulate_media(color_scheme="dark")
    page.locator("#theme").click()
    expect_theme(page, "light")
    page.goto(doorbell.url + "/orders")
    expect_theme(page, "light")


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
    expect_theme(page, "dark")
