"""The filters of the orders page in a browser: live rows with count and sum, the pill for new orders, and no script."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from ..support.processes import Doorbell
from ..support.world import World
from .conftest import Sign
from .test_live_pages import rows


def test_filtered_rows_count_and_sum_are_live(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open("/orders?status=paid&min=30")
    page, totals = screen.page, screen.page.locator("#orders-totals")
    expect(totals).to_have_text("7 orders · €247.00")
    before = rows(screen)
    world.conn.execute("UPDATE orders SET total_minor = 100000 WHERE number = %s", [before[0]])
    expect(totals).to_contain_text("€1,216.00")
    page.locator("#orders-rows tr").nth(3).hover()
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = %s", [before[1]])
    expect(page.locator("#orders-rows")).to_contain_text("shipped")
    expect(totals).to_have_text(re.compile("^6 orders"))
    assert rows(screen) == before, "a row that no longer matches stays while it is pointed at"
    world.order(tenant, 9_900, number="NEW", paid_at="now()")
    world.order(tenant, 100, number="SMALL", paid_at="now()")
    expect(page.locator("#orders-waiting")).to_have_text("1 new order")
    page.locator("#orders-waiting").click()
    expect(page.locator("#orders-rows tr").first).to_contain_text("NEW")
    assert before[1] not in rows(screen)
    assert screen.faults == []


def test_filters_are_chosen_by_keyboard_and_the_address_has_only_those(tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open("/orders")
    page = screen.page
    page.get_by_label("Status").focus()
    page.get_by_label("Status").select_option("To be shipped")
    page.get_by_label("From", exact=True).fill("2026-01-01")
    page.get_by_label("Period").select_option("Today")
    expect(page.get_by_label("From", exact=True)).to_have_value("")
    page.get_by_label("Total from").fill("30")
    page.get_by_label("Total from").press("Enter")
    expect(page).to_have_url(re.compile(r"/orders\?status=to_ship&range=today&min=30$"))
    expect(page.locator(".filter-chip")).to_have_count(3)
    page.get_by_role("link", name="Remove Status: To be shipped").press("Enter")
    expect(page).to_have_url(re.compile(r"/orders\?range=today&min=30$"))
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"/orders$"))


def test_on_a_phone_the_filters_open_and_each_row_is_one_target(tenant: int, ana: int, sign_in: Sign) -> None:
    page = sign_in(ana, width=375, height=800).open("/orders").page
    expect(page.get_by_label("Salesperson", exact=True)).to_be_hidden()
    page.locator("#orders-filters > summary").click()
    page.get_by_label("Salesperson", exact=True).select_option("Ben Okafor")
    page.get_by_role("button", name="Apply filters").click()
    first = page.locator("#orders-rows tr").first
    expect(first.locator(".order-owner")).to_be_visible()
    expect(first.locator("time")).to_be_visible()
    expect(page.locator("#orders-totals")).to_have_text(re.compile("^20 orders"))
    first.click(position={"x": 60, "y": 60})
    expect(page).to_have_url(re.compile(r"/orders/S1$"))


def test_the_filters_work_without_a_script(tenant: int, ana: int, chromium: Browser, doorbell: Doorbell) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 375, "height": 800})
    name, _, value = doorbell.cookie(ana).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": doorbell.url}])
    page = context.new_page()
    page.goto(doorbell.url + "/orders")
    page.locator("#orders-filters > summary").click()
    page.get_by_label("Status").select_option("Paid")
    page.get_by_label("Total from").fill("30")
    page.get_by_role("button", name="Apply filters").click()
    expect(page.locator("#orders-totals")).to_have_text("7 orders · €247.00")
    context.close()


def test_the_pill_of_recent_orders_stays_in_sight_on_the_board(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    page = sign_in(ana, height=300).open().page
    page.locator("#recent_orders tr").last.hover()
    world.order(tenant, number="WAITS")
    pill = page.locator("#waiting")
    expect(pill).to_have_text("1 new order")
    expect(page.locator("#recent_orders-title")).not_to_be_in_viewport()
    expect(pill).to_be_in_viewport()
    pill.click()
    expect(page.locator("#recent_orders")).to_contain_text("WAITS")
