"""Toasts: they fold, can be muted, and stay out of the way."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from ..support.world import World
from .conftest import Screen, Sign
from .test_accessibility import violations

pytestmark = pytest.mark.browser

# Pixels that the toasts cover of the search box and of the newest rows.
COVERED = """() => {
    const boxes = (selector) => Array.from(document.querySelectorAll(selector), (each) => each.getBoundingClientRect());
    const kept = boxes("input[type=search], #recent_orders tbody tr:nth-child(-n + 3), #orders-rows tr:nth-child(-n + 3)");
    let area = 0;
    for (const toast of boxes("#toasts > *"))
        for (const box of kept) {
            const width = Math.min(toast.right, box.right) - Math.max(toast.left, box.left);
            const height = Math.min(toast.bottom, box.bottom) - Math.max(toast.top, box.top);
            area += Math.max(0, width) * Math.max(0, height);
        }
    return area;
}"""

# The toasts find their place in the frame after the event of the scroll.
SCROLL = """top => new Promise((done) => {
    const frames = (count) => requestAnimationFrame(() => (count ? frames(count - 1) : done()));
    scrollTo(0, top);
    frames(3);
})"""


@pytest.fixture
def orders(world: World, tenant: int, ana: int) -> None:
    for number, total in (("1", 40_000), ("2", 31_240), ("3", 20_000)):
        world.order(tenant, total, number=f"T{number}", owner_id=ana)


@pytest.fixture
def screen(orders: None, ana: int, sign_in: Sign) -> Screen:
    return sign_in(ana).open()


def toasts(screen: Screen) -> Locator:
    return screen.page.locator("#toasts > .note-toast")


def change(world: World, number: str, column: str = "paid_at") -> None:
    world.conn.execute(f"UPDATE orders SET {column} = now() WHERE number = %s", [number])


def test_toasts_of_one_kind_fold_with_their_sum_while_they_are_on_screen(world: World, screen: Screen) -> None:
    change(world, "T1")
    expect(toasts(screen)).to_contain_text("Order T1 was paid")
    change(world, "T2")
    expect(toasts(screen)).to_contain_text("2 of your orders were paid · €712.40")
    change(world, "T3")
    expect(toasts(screen)).to_contain_text("3 of your orders were paid · €912.40")
    expect(toasts(screen)).to_have_count(1)
    change(world, "T3", "shipped_at")
    expect(toasts(screen)).to_have_count(2)
    expect(toasts(screen).last).to_contain_text("Order T3 was shipped")
    toasts(screen).first.get_by_role("link", name="Open").click()
    expect(screen.page).to_have_url(f"{screen.url}/inbox")


def test_an_order_that_is_refunded_twice_counts_once(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    world.order(tenant, 10_000, number="R1", owner_id=ana, paid_at=world.now())
    world.conn.execute("UPDATE notifications SET read_at = now()")
    screen = sign_in(ana).open()
    for refunded in (1_000, 2_500):
        world.conn.execute("UPDATE orders SET refunded_minor = %s WHERE number = 'R1'", [refunded])
        expect(toasts(screen)).to_contain_text(f"€{refunded / 100:.2f} of €100.00")
    expect(toasts(screen)).to_have_count(1)


def test_a_kind_is_muted_in_its_toast_and_unmuted_by_undo(world: World, screen: Screen) -> None:
    change(world, "T1")
    toasts(screen).get_by_role("button", name="Mute this kind").click()
    expect(toasts(screen)).to_contain_text("Muted: paid orders.")
    undo = toasts(screen).get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    change(world, "T2")
    expect(screen.page.locator("#unread")).to_have_text("2")
    expect(toasts(screen)).to_have_count(1)
    assert violations(screen.page) == []
    undo.click()
    expect(toasts(screen)).to_contain_text("You get notifications again: paid orders.")
    change(world, "T3")
    expect(toasts(screen).last).to_contain_text("Order T3 was paid")


def test_a_mute_that_the_server_refuses_can_be_tried_again(world: World, screen: Screen) -> None:
    screen.page.route("**/notifications/mute/*", lambda route: route.fulfill(status=503), times=1)
    change(world, "T1")
    toasts(screen).get_by_role("button", name="Mute this kind").click()
    toasts(screen).get_by_role("button", name="Not muted. Try again").click()
    expect(toasts(screen)).to_contain_text("Muted: paid orders.")


def test_no_toast_appears_while_the_list_of_the_bell_is_open(world: World, screen: Screen) -> None:
    screen.page.locator("#bell > summary").click()
    change(world, "T1")
    expect(screen.page.locator("#inbox")).to_contain_text("Order T1 was paid")
    # The list may be there before the answer that has the number and the toast.
    expect(screen.page.locator("#unread")).to_have_text("1")
    expect(toasts(screen)).to_have_count(0)
    screen.page.keyboard.press("Escape")
    change(world, "T2")
    expect(toasts(screen)).to_contain_text("Order T2 was paid")


def scroll_through(page: Page) -> list[int]:
    """The covered pixels at each place of the page."""
    covered = []
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 150):
        page.evaluate(SCROLL, top)
        covered.append(round(page.evaluate(COVERED)))
    return covered


@pytest.mark.parametrize("width", [375, 768, 1440])
@pytest.mark.parametrize("path", ["/", "/orders"])
def test_toasts_cover_neither_the_search_box_nor_the_newest_rows(
    world: World, orders: None, ana: int, sign_in: Sign, width: int, path: str
) -> None:
    screen = sign_in(ana, width=width, height=900 if width > 400 else 720).open(path)
    change(world, "T1")
    change(world, "T2", "shipped_at")
    expect(toasts(screen)).to_have_count(2)
    screen.page.mouse.move(1, 1)
    assert set(scroll_through(screen.page)) == {0}
    expect(toasts(screen)).to_have_count(2)
    assert screen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
