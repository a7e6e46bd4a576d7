"""A TV in a real browser: its page, its state, and what it shows."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Error, Locator, Page, expect

from .processes import Doorbell
from .tvs import Tv


class TvScreen:
    """The page of one TV. `faults` are errors of its console."""

    def __init__(self, page: Page, doorbell: Doorbell, tv: Tv) -> None:
        self.page, self.url = page, doorbell.url + tv.path
        self.faults: list[str] = []
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self) -> TvScreen:
        self.page.goto(self.url)
        self.mark()
        self.is_live()
        return self

    @property
    def label(self) -> Locator:
        return self.page.locator("#live-label")

    @property
    def shown(self) -> Locator:
        return self.page.locator(".tv-screen.is-shown")

    @property
    def revenue(self) -> Locator:
        return self.page.locator("[data-screen=today] .is-first")

    def is_live(self, seconds: float = 25) -> None:
        """Waits by the state of the page, because its label is in the language of the TV."""
        expect(self.page.locator("#tv")).to_have_attribute("data-state", "live", timeout=seconds * 1000)

    def mark(self) -> None:
        self.page.evaluate("window.isFirstPage = true")

    def was_reloaded(self) -> bool:
        try:
            return not self.page.evaluate("window.isFirstPage === true")
        except Error:  # during the reload
            return False


OpenTv = Callable[..., TvScreen]


def open_tv(chromium: Browser, doorbell: Doorbell, tv: Tv, width: int, height: int, **options: object) -> TvScreen:
    context = chromium.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    # Also the first page of a process, with all its files.
    context.set_default_navigation_timeout(30_000)
    return TvScreen(context.new_page(), doorbell, tv)
