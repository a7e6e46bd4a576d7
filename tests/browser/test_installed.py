"""Doorbell installed as an app: Chromium accepts it, and a start without a connection shows a page of words."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ..support.processes import Doorbell
from ..support.wait import eventually
from .conftest import Sign
from .test_accessibility import violations

pytestmark = pytest.mark.browser

KEPT = """async () => {
  const addresses = [];
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) addresses.push(new URL(url).pathname);
  return addresses.sort();
}"""
FILES = ["/offline", "/static/icon.svg", "/static/offline.css", "/static/offline.js", "/static/theme.js"]
LANGUAGE = (
    "async () => (await (await caches.open('doorbell-offline')).keys()).map(({ url }) => new URL(url).search).join('')"
)


def installed(page: Page) -> Page:
    """The page, with its service worker in control and the page of words kept."""
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    eventually(lambda: page.evaluate(KEPT) == FILES and "lang=" in page.evaluate(LANGUAGE))
    return page


def test_chromium_accepts_the_app(ana: int, sign_in: Sign) -> None:
    page = sign_in(ana).open().page
    session = page.context.new_cdp_session(page)
    found = session.send("Page.getAppManifest")
    assert found["errors"] == []
    assert json.loads(found["data"])["name"] == "Doorbell"
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error for error in errors if error["errorId"] != "in-incognito"] == [], "a test's browser is incognito"


def test_a_start_without_a_server_shows_words_and_opens_by_itself_when_it_is_back(
    ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    screen = sign_in(ana, width=375).open()
    page = installed(screen.page)
    doorbell.web.stop()
    page.goto(doorbell.url + "/orders")
    expect(page.get_by_role("heading")).to_have_text("Doorbell does not answer")
    assert violations(page) == []
    assert "€" not in page.content()
    doorbell.start_web()
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()
    assert page.url == doorbell.url + "/orders"


def test_a_device_without_a_connection_says_so_and_try_again_repeats_the_request(
    ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    page = installed(sign_in(ana, width=375, color_scheme="dark").open().page)
    doorbell.web.stop()
    page.goto(doorbell.url)
    _go(page.context, is_offline=True)
    expect(page.get_by_role("heading")).to_have_text("You are offline")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 25)"
    assert violations(page) == []
    doorbell.start_web()
    _go(page.context, is_offline=False)
    expect(page.locator("#live-label")).to_have_text("Live")


def test_the_kept_page_is_in_the_language_of_the_last_page_and_no_page_with_data_is_kept(
    ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    screen = sign_in(ana, locale="de-DE").open()
    page = installed(screen.page)
    assert page.evaluate(LANGUAGE).startswith("?lang=de")
    for path in ("/orders", "/orders/S1", "/inbox", "/"):
        page.goto(doorbell.url + path)
    assert page.evaluate(KEPT) == FILES


def _go(context: BrowserContext, is_offline: bool) -> None:
    context.set_offline(is_offline)
