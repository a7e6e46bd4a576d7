"""One person's board in a browser: what it shows, and which events its stream received."""

from __future__ import annotations

from playwright.sync_api import Browser

from ..browser.conftest import Screen
from ..support.processes import Doorbell
from .truth import ROWS, Board

_READ = """rows => {
  const text = (selector, root = document) => root.querySelector(selector)?.textContent.trim() ?? "";
  const recent = [...document.querySelectorAll("#recent_orders tbody tr")].slice(0, rows).map(
    (row) => [".order-number", ".order-total", ".order-status"].map((cell) => text(cell, row)).join(" "));
  return [text("#revenue-figure"), text("#orders_today-figure"), text("#unread"), recent];
}"""
_COUNT_EVENTS = """() => {
  window.received = {};
  document.getElementById("live").addEventListener("htmx:sse:after:message", ({ detail }) => {
    const name = detail.message.event;
    window.received[name] = (window.received[name] ?? 0) + 1;
  });
}"""
_READ_ALL = """async () => {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  await fetch("/inbox/read", { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } });
}"""


class Viewer:
    """A signed-in page with a browser context of its own."""

    def __init__(self, chromium: Browser, doorbell: Doorbell, tenant_id: int, user_id: int) -> None:
        self.tenant_id, self.user_id = tenant_id, user_id
        self._context = chromium.new_context(viewport={"width": 1440, "height": 1000})
        name, _, value = doorbell.cookie(user_id).partition("=")
        self._context.add_cookies([{"name": name, "value": value, "url": doorbell.url}])
        self.screen = Screen(self._context.new_page(), doorbell)
        self.page = self.screen.page

    def open(self) -> Viewer:
        self.screen.open()
        self.page.evaluate(_COUNT_EVENTS)
        return self

    def close(self) -> None:
        self._context.close()

    def board(self) -> Board:
        revenue, orders, unread, recent = self.page.evaluate(_READ, ROWS)
        return Board(revenue, orders, unread, tuple(recent))

    def received(self, event: str) -> int:
        """How often the stream has received this event since the page was opened."""
        return int(self.page.evaluate("name => window.received[name] ?? 0", event))

    def words(self) -> str:
        return str(self.page.evaluate("document.getElementById('live-label').textContent"))

    def read_all(self) -> None:
        """Mark the inbox as read, so that its badge, which ends at 99+, keeps counting."""
        self.page.evaluate(_READ_ALL)

    def crashes(self) -> list[str]:
        """Errors of the page's own scripts. Failed requests, which browser and htmx log, come from the fault."""
        return [error for error in self.screen.faults if not error.startswith(("Failed to load resource", "htmx: "))]
