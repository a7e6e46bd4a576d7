"""Print: the board is one page with the day, an order one page, and a list of orders a table with a head on each page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from ..support.crowded_company import MANAGER, SALESPERSON, crowded_company
from ..support.world import World
from .conftest import Sign

pytestmark = pytest.mark.browser

COMPANIES = [("en_GB", "EUR", 1_234_56), ("id_ID", "IDR", 524_439_795_52)]
PAPERS = ("A4", "Letter")
# Controls, which paper cannot use.
CONTROLS = ("header.topbar", ".skip-link", ".btn", "summary", "input", "nav", "dialog", ".panel-link")
BLACK, WHITE = "rgb(0, 0, 0)", "rgb(255, 255, 255)"


def sheets(page: Page, paper: str) -> int:
    """The number of pages, without the backgrounds that a browser leaves out."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format=paper, print_background=False)))


def visible(page: Page, selector: str) -> list[str]:
    return [each.inner_text() for each in page.locator(selector).all() if each.is_visible()]


@pytest.mark.parametrize(("locale", "currency", "minor"), COMPANIES)
def test_the_board_is_one_page_for_each_role_theme_and_paper(
    world: World, sign_in: Sign, locale: str, currency: str, minor: int
) -> None:
    people = crowded_company(world, locale, currency, minor)
    for name, scheme, width in ((MANAGER, "light", 1440), (SALESPERSON, "dark", 1440), (SALESPERSON, "light", 375)):
        page = sign_in(people[name], width=width, color_scheme=scheme).open().page
        assert [sheets(page, paper) for paper in PAPERS] == [1, 1], (name, scheme, width)


def test_the_printed_board_has_the_day_in_black_on_white_and_no_controls(world: World, sign_in: Sign) -> None:
    people = crowded_company(world, *COMPANIES[0])
    page = sign_in(people[SALESPERSON], color_scheme="dark").open().page
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.locator("#revenue_by_hour-data > summary").click()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4
    assert {selector: visible(page, selector) for selector in CONTROLS} == {selector: [] for selector in CONTROLS}
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".page-as-of")).to_be_visible()
    assert len(visible(page, ".tile .figure")) == 5
    assert len(visible(page, "#recent_orders tbody tr")) == 10
    assert visible(page, ".area-mine, .area-history, .area-funnel, .chart-data") == []
    assert page.locator(".legend .key").count() == 3
    for part in ("h1", ".figure a", "#recent_orders tbody th", "#salespeople th"):
        assert page.locator(part).first.evaluate("each => getComputedStyle(each).color") == BLACK, part
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == WHITE
    fills = page.locator(".legend .key > *").evaluate_all("all => all.map(each => getComputedStyle(each).fill)")
    assert WHITE not in fills


def test_an_order_is_one_page_and_the_list_repeats_its_head(world: World, sign_in: Sign) -> None:
    people = crowded_company(world, *COMPANIES[0])
    page = sign_in(people[MANAGER]).open("/orders/P-20260003").page
    assert sheets(page, "A4") == 1
    page.emulate_media(media="print")
    assert visible(page, "h1") == ["Order P-20260003"]
    assert visible(page, ".order-actions, .comment-form, [data-frame=customer_orders]") == []
    page.emulate_media(media="screen")
    page.goto(page.url.replace("/P-20260003", "?status=paid&min=1400"))
    assert sheets(page, "A4") >= 2
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    assert page.locator("#orders_list thead").evaluate("each => getComputedStyle(each).display") == "table-header-group"
    assert [text.strip() for text in visible(page, ".filter-chip-text")] == [
        "Status: Paid",
        "Total: at least €1,400.00",
    ]
    assert visible(page, "#orders_list nav, .orders-filter, .filter-clear, .filter-chip .icon") == []
    assert page.locator("#orders_list tr").first.evaluate("each => getComputedStyle(each).display") == "table-row"
