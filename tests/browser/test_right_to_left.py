"""Right-to-left pages: the layout is mirrored, charts are not, amounts and names keep inside of their places."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..support.large_amounts import company
from ..support.processes import Doorbell
from ..support.world import World
from .conftest import Screen, Sign
from .test_accessibility import overflow, violations
from .test_layout import faults

pytestmark = pytest.mark.browser

EGYPT = ("ar_EG", "EGP", 9_745_27)
PAGES = ("/", "/orders", "/orders/LONG-20260003", "/inbox")
SHIP = (
    "UPDATE orders SET shipped_at = now() WHERE shipped_at IS NULL AND paid_at IS NOT NULL AND number ="
    " (SELECT min(number) FROM orders WHERE owner_id = %s AND shipped_at IS NULL AND paid_at IS NOT NULL)"
)


@pytest.fixture
def egypt(world: World) -> int:
    return company(world, *EGYPT)


def arabic(sign_in: Sign, user: int, **options: object) -> Screen:
    return sign_in(user, locale="ar-EG", **options)


def are_from_right_to_left(page: Page, selectors: list[str]) -> bool:
    """Whether each is on the left of the one before. Read once: the label beside the dot may change meanwhile."""
    found = [x(page, selector) for selector in selectors]
    return found == sorted(found, reverse=True)


def x(page: Page, selector: str) -> float:
    """The middle of the first such element, from the left."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None, selector
    return box["x"] + box["width"] / 2


def test_header_columns_and_panels_run_from_right_to_left(egypt: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = arabic(sign_in, egypt).page
    page.goto(doorbell.url)
    assert page.evaluate("[document.dir, document.documentElement.lang]") == ["rtl", "ar-EG"]
    order = [".brand", ".topbar-nav", "#live-state", "#pause", "#bell", "#theme"]
    assert are_from_right_to_left(page, order)
    columns = [
        f".orders-table tbody tr > .order-{name}" for name in ("number", "placed", "customer", "total", "change")
    ]
    assert are_from_right_to_left(page, columns)
    assert x(page, ".area-revenue") > x(page, ".area-tile")


def test_a_page_from_left_to_right_has_none_of_it(egypt: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(egypt, locale="en-GB").page
    page.goto(doorbell.url)
    assert page.evaluate("document.dir") == "ltr"
    assert x(page, ".brand") < x(page, "#pause")
    assert page.locator("link[href*='rtl']").count() == 0


def test_bars_grow_from_the_right_and_charts_from_the_left(egypt: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = arabic(sign_in, egypt).page
    page.goto(doorbell.url)
    bar = "document.querySelectorAll('#salespeople .share-bar')[4]"
    right = f"Math.round({bar}.querySelector(part).getBoundingClientRect().right)"
    track, fill = (page.evaluate(f"part => {right}", part) for part in (".share-track", ".share-fill"))
    assert track == fill
    hours = page.locator("#revenue_by_hour .chart-labels text")
    assert (hours.first.text_content(), hours.last.text_content()) == ("00", "21")
    assert hours.first.bounding_box()["x"] < hours.last.bounding_box()["x"]  # type: ignore[index]
    assert x(page, "#revenue_by_hour .chart-scale") < x(page, "#revenue_by_hour .chart-plot")


def test_a_long_latin_name_is_cut_at_its_end(egypt: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = arabic(sign_in, egypt).page
    page.goto(doorbell.url)
    name = page.locator("#recent_orders .order-customer", has_text="Gesellschaft").first
    assert name.evaluate("name => name.scrollWidth > name.clientWidth"), "guard: it is cut"
    assert name.evaluate("name => [getComputedStyle(name).direction, getComputedStyle(name).textAlign]") == [
        "ltr",
        "right",
    ]


@pytest.mark.parametrize("width", [375, 768, 1440])
def test_amounts_names_and_texts_fit(egypt: int, sign_in: Sign, doorbell: Doorbell, width: int) -> None:
    page = arabic(sign_in, egypt, width=width).page
    for path in PAGES:
        page.goto(doorbell.url + path)
        assert (path, faults(page)) == (path, [])
    page.goto(doorbell.url)
    assert "191,9" in page.locator("#revenue-figure").inner_text(), "guard: an amount with its currency"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 375)])
def test_the_board_after_a_live_update_and_other_pages_have_no_violation(
    world: World, egypt: int, sign_in: Sign, doorbell: Doorbell, scheme: str, width: int
) -> None:
    page = arabic(sign_in, egypt, width=width, color_scheme=scheme).page
    page.goto(doorbell.url)
    expect(page.locator("#live-state")).to_have_attribute("data-state", "live")
    world.conn.execute(SHIP, [egypt])
    toast = page.locator("#toasts .note-toast")
    expect(toast).to_have_count(1)
    assert violations(page) == []
    if width == 1440:
        assert x(page, "#toasts") < width / 2, "at the end of the lines"
    for path in PAGES:
        page.goto(doorbell.url + path)
        assert (path, violations(page), overflow(page)) == (path, [], 0)
