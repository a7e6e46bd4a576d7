"""Tabs of one browser: hidden, shown, frozen and crashed, with the streams that they open."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Error

Thaw = Callable[[], object]

# Headless Chromium shows every page, so a test sets what the page sees of its visibility.
SET_HIDDEN = """(state) => {
    for (const [name, value] of [["hidden", state], ["visibilityState", state ? "hidden" : "visible"]])
        Object.defineProperty(document, name, { get: () => value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


class Tab:
    """One page of a browser. `streams` counts the streams that it has asked for, `open_streams` those that have not ended."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page, self._url = context.new_page(), url
        self.streams = self.open_streams = 0
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self._count(request.url.removeprefix(url)))
        self.page.on("requestfinished", lambda request: self._end(request.url.removeprefix(url)))
        self.page.on("requestfailed", lambda request: self._end(request.url.removeprefix(url)))
        self.page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, path: str = "/") -> Tab:
        self.page.goto(self._url + path)
        return self

    def hide(self, is_hidden: bool = True) -> None:
        self.page.evaluate(SET_HIDDEN, is_hidden)

    def show(self) -> None:
        self.hide(False)

    def freeze(self) -> Thaw:
        """Stop the page's scripts without an event before, as a tab is stopped that the system has suspended."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("Debugger.enable")
        self.page.evaluate("setTimeout(() => { debugger; }, 0)")
        return lambda: session.send("Debugger.disable")

    def crash(self) -> None:
        with contextlib.suppress(Error):
            self.page.goto("chrome://crash")

    @property
    def label(self) -> str:
        return str(self.page.evaluate("document.getElementById('live-label').textContent"))

    def read(self, script: str) -> Any:
        return self.page.evaluate(script)

    def _count(self, path: str) -> None:
        self.requests.append(path)
        self.streams += path.startswith("/stream")
        self.open_streams += path.startswith("/stream")

    def _end(self, path: str) -> None:
        self.open_streams -= path.startswith("/stream")


def streams_of(tabs: list[Tab]) -> int:
    """The browser reports requests only during a call to it."""
    for tab in tabs:
        if not tab.page.is_closed():
            tab.read("0")
    return sum(tab.streams for tab in tabs)


def open_streams_of(tabs: list[Tab]) -> int:
    """On a busy machine a leading tab may answer too late, and another one take over: it asks for one more stream."""
    streams_of(tabs)
    return sum(tab.open_streams for tab in tabs)
