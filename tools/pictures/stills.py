"""The pictures that do not move: each page, its window and what happens before the picture is taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect

from .demo import Demo
from .images import save

LIVE_MS = 30_000
PHONE = (375, 812)
Step = Callable[[Page, Demo], None]


@dataclass(frozen=True)
class Still:
    """`role` is "manager" or "sales". `before` acts on the page once it is live."""

    name: str
    path: str
    size: tuple[int, int] = (1280, 800)
    scheme: str = "light"
    role: str = "manager"
    before: Step | None = None
    scale: float = 1.0


def _open_bell(page: Page, demo: Demo) -> None:
    """Ana's orders are shipped and paid, as a program writes it: toasts, and items in the bell's list."""
    _notify(demo)
    expect(page.locator("#toasts .note-toast").first).to_be_visible(timeout=LIVE_MS)
    page.locator("#bell > summary").click()
    expect(page.locator("#inbox .note").nth(1)).to_be_visible(timeout=LIVE_MS)


def _notify(demo: Demo) -> None:
    for status, column, most in (("paid", "shipped_at", 2), ("placed", "paid_at", 1)):
        demo.psql(
            f"UPDATE orders SET {column} = now() WHERE id IN (SELECT id FROM orders WHERE status = '{status}' AND owner_id ="
            f" (SELECT id FROM users WHERE email = 'ana@demo.example') ORDER BY placed_at DESC LIMIT {most})"
        )


def _newest_order(page: Page, demo: Demo) -> None:
    page.locator("#orders-rows .row-link").nth(3).click()
    expect(page.locator("#order h1")).to_be_visible()
    expect(page.locator("#live-label")).to_have_text("Live", timeout=LIVE_MS)


def _tv(page: Page, demo: Demo) -> None:
    """Makes the link of a TV and opens it."""
    page.locator("#name").fill("Sales floor")
    page.locator("main form .btn-primary").first.click()
    page.wait_for_load_state()
    found = re.search(r"/tv/[\w-]{43}", page.content())
    assert found is not None, "the page shows no address of a TV"
    page.goto(demo.address + found[0])
    page.wait_for_timeout(3_000)  # the fonts and the first screen


STILLS = (
    Still("board-light", "/", (1440, 1180)),
    Still("board-dark", "/", (1440, 1180), "dark"),
    Still("orders", "/orders?status=to_ship", (1280, 820)),
    Still("order", "/orders", (1280, 760), before=_newest_order),
    Still("bell", "/", (1280, 620), role="sales", before=_open_bell),
    Still("phone", "/", PHONE, role="sales", scale=2.0),
    Still("history", "/history", (1280, 900)),
    Still("tv", "/settings/tv/new", (1920, 1080), before=_tv, scale=0.6667),
)


def take(browser: Browser, demo: Demo, names: Iterable[str] = ()) -> None:
    """All pictures, or those with these names. A page that this Doorbell does not have is left out, and said."""
    for still in STILLS:
        if not names or still.name in names:
            _take(browser, demo, still)


def _take(browser: Browser, demo: Demo, still: Still) -> None:
    width, height = still.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=still.scheme,  # type: ignore[arg-type]
        device_scale_factor=still.scale,
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(demo.address + ("/demo" if still.role == "manager" else "/demo?as=sales"))
    answer = page.goto(demo.address + still.path)
    if answer is None or answer.status != 200:
        print(
            f"docs/{still.name}.png  not taken: {still.path} answered {answer.status if answer else 'nothing'}",
            flush=True,
        )
    else:
        expect(page.locator("#live-label")).to_have_text("Live", timeout=LIVE_MS)
        if still.before:
            still.before(page, demo)
        page.mouse.move(0, 0)
        save(page.screenshot(animations="disabled"), still.name)
    context.close()
