"""An empty board shows the card with the ways to the first order; the orders page downloads its list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..support.csv_pages import rows_of
from ..support.processes import Doorbell
from ..support.world import World
from .conftest import Sign
from .test_accessibility import overflow, violations
from .test_layout import WIDTHS, faults

pytestmark = pytest.mark.browser


@pytest.fixture
def empty(world: World) -> int:
    """A tenant with a user and without orders."""
    tenant = world.tenant("acme", name="Acme")
    world.user(tenant, "Ana Silva", role="manager")
    return tenant


def test_the_card_makes_room_for_the_board_when_the_first_order_arrives(
    world: World, empty: int, sign_in: Sign
) -> None:
    screen = sign_in(1).open()
    page = screen.page
    card = page.locator(".first-run")
    expect(card).to_be_visible()
    for panel in ("revenue", "revenue_by_hour", "history"):
        expect(page.locator(f"#{panel}")).to_be_hidden()
    # A person is about to choose: the pointer rests on the card, and one of its links has the focus.
    card.locator("a").first.focus()
    card.locator("a").last.hover()
    world.order(empty, 4200, number="FIRST", paid_at=world.now())
    expect(page.locator("#recent_orders")).to_contain_text("FIRST")
    expect(card).to_have_count(0)
    expect(page.locator("#revenue")).to_be_visible()
    expect(page.locator("#revenue")).to_contain_text("€42.00")
    assert screen.was_not_reloaded()
    assert screen.faults == []


def test_the_card_is_also_of_a_page_that_polls(world: World, empty: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(1).page
    page.goto(doorbell.url + "/?live=poll")
    expect(page.locator(".first-run")).to_be_visible()
    world.order(empty, number="FIRST")
    expect(page.locator(".first-run")).to_have_count(0)


def test_the_links_of_the_card_lead_to_form_and_guide(empty: int, sign_in: Sign) -> None:
    page = sign_in(1).open().page
    page.get_by_role("link", name="Write from your program").click()
    expect(page).to_have_url(re.compile("/connect#sql$"))
    expect(page.locator("#sql h2")).to_be_in_viewport()
    page.locator("#sql").get_by_role("button", name="Copy").click()
    expect(page.locator("#sql button")).to_have_text("Copied")
    page.go_back()
    page.get_by_role("link", name="Place an order").click()
    expect(page.get_by_label("Customer")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_card_and_guide_fit_and_are_accessible(empty: int, sign_in: Sign, doorbell: Doorbell, scheme: str) -> None:
    page = sign_in(1, color_scheme=scheme).page
    for path in ("/", "/connect", "/orders"):
        page.goto(doorbell.url + path)
        if path == "/orders":
            page.locator(".page-menu summary").click()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1000})
            assert (path, width, faults(page), overflow(page)) == (path, width, [], 0)
            assert (path, width, violations(page)) == (path, width, [])


def test_the_orders_page_downloads_the_list_and_stays_live(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open("/orders?status=paid")
    page = screen.page
    for name, path, count in (("Orders found one row per order", "orders", 27), ("with items", "order-lines", 27)):
        page.locator(".page-menu summary").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert download.value.suggested_filename.startswith(f"{path}-acme-20")
        rows = rows_of(Path(download.value.path()).read_bytes())
        assert len(rows) == count
        assert {row["Status"] for row in rows} == {"paid"}
        page.keyboard.press("Escape")
    screen.is_live()
    world.order(tenant, number="LATER", paid_at=world.now())
    expect(page.locator("#orders_list")).to_contain_text("LATER")
    assert screen.was_not_reloaded()
