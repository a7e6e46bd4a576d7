"""The three pages of the soak in one Chromium, and their sizes by the DevTools protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from tests.support.chromium import ARGUMENTS, find

METRICS = {"heap_mb": "JSHeapUsedSize", "nodes": "Nodes", "listeners": "JSEventListeners"}
LIVE_SECONDS = 60


@dataclass(frozen=True)
class SoakedPage:
    """An open page, in a browser context of its own."""

    name: str
    page: Page
    devtools: CDPSession

    def sizes(self) -> dict[str, float]:
        """Heap, DOM nodes and event listeners that are still in use after a garbage collection."""
        # The second one frees what the finalizers of the first have released.
        for _ in range(2):
            self.devtools.send("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in self.devtools.send("Performance.getMetrics")["metrics"]}
        sizes = {name: found[metric] for name, metric in METRICS.items()}
        return sizes | {"heap_mb": sizes["heap_mb"] / 1e6}

    @property
    def state(self) -> str:
        return self.page.locator("#live-label").inner_text()


@contextmanager
def open_pages(url: str, tv_path: str, board_cookie: str, phone_cookie: str) -> Iterator[list[SoakedPage]]:
    """A TV of 1920 × 1080, a manager's board and a salesperson's board on a phone, all of them live."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
        yield [
            _open(browser, "TV, 1920 px", url + tv_path, "", 1920, 1080),
            _open(browser, "board, 1440 px", url, board_cookie, 1440, 900),
            _open(browser, "phone, 375 px", url, phone_cookie, 375, 800, is_mobile=True, has_touch=True),
        ]
        browser.close()


def _open(browser: Browser, name: str, url: str, cookie: str, width: int, height: int, **options: Any) -> SoakedPage:
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    if cookie:
        key, _, value = cookie.partition("=")
        context.add_cookies([{"name": key, "value": value, "url": url}])
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")
    devtools.send("HeapProfiler.enable")
    page.goto(url)
    expect(page.locator("#live-label")).to_have_text("Live", timeout=LIVE_SECONDS * 1000)
    return SoakedPage(name, page, devtools)
