"""Accessibility: axe finds no violation on any page, in light and dark, wide and narrow; and no page overflows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ..support.processes import Doorbell
from ..support.world import World
from .conftest import Sign

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
FILTERED = "/orders?by=revenue&range=last_7&status=counted"
PAGES = (
    "/orders",
    FILTERED,
    "/orders?min=wrong",
    "/orders?q=nothing&owner=none",
    "/orders/S1",
    "/orders/new",
    "/inbox",
    "/inbox?group=order",
    "/notifications",
    "/settings/profile",
    "/no-such-page",
)
LOOKS = [("light", 1440), ("dark", 1440), ("light", 375), ("dark", 375)]


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{v['id']}: {node['html'][:120]}" for v in found["violations"] for node in v["nodes"]]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_board_after_live_updates_and_every_other_page_have_no_violation(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell, scheme: str, width: int
) -> None:
    world.order(tenant, number="FUTURE", placed_at="2062-11-26")
    screen = sign_in(ana, width=width, color_scheme=scheme).open()
    world.conn.execute("UPDATE orders SET paid_at = now(), total_minor = 123456789 WHERE number = 'S3'")
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = 'S2'")
    expect(screen.page.locator("#recent_orders")).to_contain_text("€1,234,567.89")
    expect(screen.page.locator("#toasts")).to_contain_text("S2")
    assert violations(screen.page) == []
    assert overflow(screen.page) == 0
    for path in PAGES:
        screen.page.goto(doorbell.url + path)
        assert (path, violations(screen.page)) == (path, [])
        assert (path, overflow(screen.page)) == (path, 0)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_managers_pages_have_no_violation(
    world: World, tenant: int, sign_in: Sign, doorbell: Doorbell, scheme: str, width: int
) -> None:
    manager = world.user(tenant, "Mia", role="manager")
    screen = sign_in(manager, width=width, color_scheme=scheme).open()
    world.order(tenant, number="NEW", owner_id=manager)
    expect(screen.page.locator("#recent_orders")).to_contain_text("NEW")
    expect(screen.page.locator("#mine")).to_contain_text("1 unpaid")
    for path in ("/", "/targets", "/settings/board", "/settings/workspace", "/relay"):
        if path != "/":
            screen.page.goto(doorbell.url + path)
        assert (path, violations(screen.page)) == (path, [])
        assert (path, overflow(screen.page)) == (path, 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_has_no_violation(chromium: Any, doorbell: Doorbell, scheme: str) -> None:
    page = chromium.new_page(color_scheme=scheme)
    page.goto(doorbell.url + "/sign-in")
    assert violations(page) == []
    page.close()


def test_the_board_can_be_used_by_keyboard_alone(tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open()
    page = screen.page
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    seen: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")))
    assert "pause" in seen
    assert "search" in seen
    page.locator("#bell > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#inbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#inbox")).to_be_hidden()
