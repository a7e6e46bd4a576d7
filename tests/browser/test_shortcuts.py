"""Keyboard shortcuts: what each opens or does, when they do nothing, and how a user switches them off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..support.world import World
from . import shared_doorbell
from .conftest import Sign

pytestmark = pytest.mark.browser
service, world, doorbell = shared_doorbell.service, shared_doorbell.world, shared_doorbell.doorbell

# As a keyboard sends it: `key` is the character on the layout, `code` the place of the key.
PRESS = """([key, code, flags]) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown",
    {key, code, bubbles: true, cancelable: true, ...flags}))"""


def press(page: Page, key: str, code: str, **flags: bool) -> None:
    page.evaluate(PRESS, [key, code, flags])


def opens(page: Page) -> None:
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()


def does_nothing(page: Page) -> None:
    """Checks after another shortcut has worked, so nothing is still to come."""
    address = page.url
    page.locator("h1").first.click()
    page.keyboard.press("?")
    opens(page)
    assert page.url == address
    expect(page.locator("#pause")).to_have_accessible_name("Pause")


def test_two_keys_open_the_pages_of_the_navigation(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    for keys, path in (("go", "/orders"), ("gi", "/inbox"), ("gb", "/"), ("n", "/orders/new"), ("gb", "/")):
        page.locator("h1").first.click()  # out of the form, whose first field has the focus
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(f"**{path}")
        expect(page.locator("#live-label")).to_have_text("Live")


def test_the_slash_focuses_the_search_box_and_elsewhere_opens_that_of_the_orders_page(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    expect(page.locator("#search")).to_have_value("")
    page.goto(page.url + "inbox")
    page.keyboard.press("/")
    page.wait_for_url("**/orders#q")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("n/p?")
    expect(page.locator("#q")).to_have_value("n/p?")
    page.locator("h1").first.click()
    page.keyboard.press("/")
    page.keyboard.type("S1")
    expect(page.locator("#q")).to_have_value("S1")


def test_p_pauses_and_resumes(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    page.keyboard.press("p")
    expect(page.locator("#live-label")).to_have_text("Paused")
    expect(page.locator("#live-announcer")).to_have_text("Paused.")
    page.keyboard.press("p")
    expect(page.locator("#live-label")).to_have_text("Live")


def test_the_dialog_lists_all_shortcuts_and_returns_the_focus(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    page.locator("#pause").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    keys = dialog.locator("[data-keys]").evaluate_all("rows => rows.map((row) => row.dataset.keys)")
    assert {"g b", "g o", "g i", "/", "n", "p", "?"} <= set(keys)
    page.keyboard.press("p")
    expect(dialog.get_by_role("link", name="Turn them off")).to_have_attribute(
        "href", "/settings/profile#use-shortcuts"
    )
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    expect(page.locator("#pause")).to_be_focused()
    expect(page.locator("#live-label")).to_have_text("Live")
    assert page.locator("#pause").get_attribute("aria-keyshortcuts") == "p"


def test_the_account_menu_opens_the_dialog_and_gets_the_focus_back(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    account = page.locator("summary", has=page.locator(".menu-name"))
    account.click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    opens(page)
    expect(account).to_be_focused()


@pytest.mark.parametrize(
    ("key", "code", "flags"),
    [
        ("p", "KeyP", {"ctrlKey": True}),
        ("p", "KeyP", {"altKey": True}),
        ("p", "KeyP", {"metaKey": True}),
        ("P", "KeyP", {"shiftKey": True}),
        ("p", "KeyP", {"isComposing": True}),
        ("p", "KeyP", {"repeat": True}),
    ],
)
def test_keys_of_the_browser_and_of_an_input_method_do_nothing(
    ana: int, sign_in: Sign, key: str, code: str, flags: dict[str, bool]
) -> None:
    page = sign_in(ana).open().page
    press(page, key, code, **flags)
    does_nothing(page)


def test_keys_do_nothing_in_a_field_and_a_lone_g_is_forgotten(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open("/orders").page
    page.locator("#q").focus()
    page.keyboard.type("gbp?/")
    expect(page.locator("#q")).to_have_value("gbp?/")
    page.locator("#q").fill("")
    does_nothing(page)
    page.keyboard.press("g")
    page.keyboard.press("x")
    page.keyboard.press("b")
    does_nothing(page)


@pytest.mark.parametrize(
    ("key", "code", "flags"),
    [
        ("?", "Minus", {"shiftKey": True}),  # German
        ("?", "KeyM", {"shiftKey": True}),  # French
        ("?", "KeyW", {"ctrlKey": True, "altKey": True, "modifierAltGraph": True}),  # Brazilian
        ("\u061f", "Slash", {"shiftKey": True}),  # Arabic
    ],
)
def test_the_question_mark_works_on_other_layouts(
    ana: int, sign_in: Sign, key: str, code: str, flags: dict[str, bool]
) -> None:
    page = sign_in(ana).open().page
    press(page, key, code, **flags)
    opens(page)


def test_layouts_without_latin_letters_use_the_same_keys(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    press(page, "ح", "KeyP")
    expect(page.locator("#live-label")).to_have_text("Paused")
    press(page, "ل", "KeyG")
    press(page, "خ", "KeyO")
    page.wait_for_url("**/orders")


def test_a_user_who_switched_them_off_has_only_the_dialog(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    world.conn.execute("UPDATE users SET shortcuts = false WHERE id = %s", [ana])
    page = sign_in(ana).open().page
    page.keyboard.press("?")
    page.keyboard.press("p")
    page.locator("summary", has=page.locator(".menu-name")).click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Keyboard shortcuts are off for you.")
    expect(dialog.get_by_role("link", name="Turn them on")).to_be_visible()
    expect(page.locator("#live-label")).to_have_text("Live")
    assert page.locator("[aria-keyshortcuts]").count() == 0
