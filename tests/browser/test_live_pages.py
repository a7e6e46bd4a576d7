"""The other live pages: an order, the list of orders, the inbox."""

from __future__ import annotations

import re

import pytest
import redis
from playwright.sync_api import expect

from ..support.page_clock import MINUTES, POLLING
from ..support.signals import signalled
from ..support.wait import eventually
from ..support.world import World
from .conftest import Screen, Sign

pytestmark = pytest.mark.browser


def rows(screen: Screen) -> list[str]:
    return screen.page.locator("#orders-rows tr th").all_inner_texts()


def test_an_open_order_page_follows_changes_by_psql(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    world.order(tenant, 10_000, number="7", owner_id=ana)
    screen = sign_in(ana).open("/orders/7")
    order, pay = screen.page.locator("#order"), screen.page.get_by_role("button", name="Mark as paid")
    expect(pay).to_be_visible()
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = '7'")
    expect(pay).to_have_count(0)
    expect(screen.page.locator("#pay-done")).to_contain_text("Paid")
    expect(order.locator(".status-badge")).to_have_text("paid")
    expect(screen.page.locator("#order-activity li").first).to_contain_text("Paid · €100.00")
    expect(screen.page.locator("#amount")).to_have_value("100.00")
    world.conn.execute("UPDATE orders SET refunded_minor = 2500 WHERE number = '7'")
    expect(screen.page.locator("#order-refunded")).to_have_text("€25.00")
    expect(screen.page.locator("#amount")).to_have_value("75.00")
    assert screen.was_not_reloaded()
    assert screen.faults == []
    screen.page.locator("#amount").fill("5.00")
    screen.page.get_by_role("button", name="Refund").click()
    expect(screen.page.locator(".alert-success")).to_have_text("Refunded €5.00.")


def test_user_input_on_an_order_page_survives_its_refetches(
    world: World, tenant: int, ana: int, ben: int, sign_in: Sign
) -> None:
    world.order(tenant, 10_000, number="7", owner_id=ana, paid_at=world.now())
    screen = sign_in(world.user(tenant, "Mia Manager", role="manager")).open("/orders/7")
    page, amount, owner = screen.page, screen.page.locator("#amount"), screen.page.locator("#owner")
    amount.fill("12.34")
    owner.select_option(label="Ben Okafor")
    page.evaluate("document.activeElement.blur()")  # htmx itself keeps only the field that has the focus
    for refunded in (100, 200):
        world.conn.execute("UPDATE orders SET refunded_minor = %s WHERE number = '7'", [refunded])
        expect(page.locator("#order-refunded")).to_have_text(f"€{refunded / 100:.2f}")
    world.conn.execute("UPDATE orders SET owner_id = NULL WHERE number = '7'")
    expect(page.locator("#order-activity")).to_contain_text("Unassigned (was Ana Silva)")
    assert amount.input_value() == "12.34"
    assert owner.input_value() == str(ben)
    assert screen.was_not_reloaded()


def test_an_order_page_refetches_only_for_its_own_order(
    world: World, redis_client: redis.Redis, tenant: int, ana: int, sign_in: Sign
) -> None:
    placed = world.order(tenant, 10_000, number="7")
    eventually(lambda: placed in signalled(redis_client, tenant))
    screen = sign_in(ana).open("/orders/7", ignored=(MINUTES, POLLING))
    watching: Screen = sign_in(ana).open()
    screen.forget()
    world.conn.execute("UPDATE orders SET customer = 'Another order' WHERE number = 'S1'")
    expect(watching.page.locator("#recent_orders")).to_contain_text("Another order")
    world.conn.execute("UPDATE orders SET customer = 'This order' WHERE number = '7'")
    expect(screen.page.locator("#order")).to_contain_text("This order")
    eventually(lambda: screen.asked("orders"))  # a busy browser may report a request after its answer is on the page
    assert screen.asked("orders") == 1, "once, for its own change"
    world.conn.execute("DELETE FROM orders WHERE number = '7'")
    expect(screen.page.locator("#order")).to_contain_text("This order no longer exists")


def test_the_list_of_orders_updates_rows_in_place_and_shows_new_orders(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open("/orders")
    first, list_ = rows(screen)[0], screen.page.locator("#orders-rows")
    world.conn.execute("UPDATE orders SET shipped_at = now(), total_minor = 777700 WHERE number = %s", [first])
    expect(list_.locator("tr").first).to_contain_text("shipped")
    expect(list_.locator("tr").first).to_contain_text("€7,777.00")
    world.order(tenant, number="NEW")
    expect(list_.locator("tr").first).to_contain_text("NEW")
    assert screen.was_not_reloaded()
    assert screen.faults == []


def test_new_orders_wait_while_a_person_points_at_the_list(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana, height=500).open("/orders")
    page, pill = screen.page, screen.page.locator("#orders-waiting")
    before = rows(screen)
    page.locator("#orders-rows tr").nth(20).hover()
    page.mouse.wheel(0, 200)
    page.mouse.move(400, 300)
    world.order(tenant, number="NEW-1")
    expect(pill).to_have_text("1 new order")
    world.order(tenant, number="NEW-2")
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = %s", [before[0]])
    expect(pill).to_have_text("2 new orders")
    expect(page.locator("#orders-rows tr").first).to_contain_text("shipped")
    assert rows(screen) == before
    expect(pill).to_be_in_viewport()
    pill.click()
    eventually(lambda: rows(screen)[:2] == ["NEW-2", "NEW-1"])
    expect(pill).to_be_hidden()


def test_the_list_keeps_its_search_filter_and_position(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " SELECT %s, 'P' || n, 'Hanari Carnes', 'EUR', 100, '2026-01-01'::timestamptz + n * interval '1 s'"
        " FROM generate_series(1, 60) AS n",
        [tenant],
    )
    screen = sign_in(ana).open("/orders?q=Hanari&status=placed")
    page = screen.page
    page.get_by_role("link", name="Older").click()
    screen.is_live()
    assert rows(screen) == [f"P{n}" for n in range(10, 0, -1)]
    world.order(tenant, number="OTHER", customer="Vins et alcools")
    world.order(tenant, number="NEWEST", customer="Hanari Carnes")
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = 'P5'")
    expect(page.locator("#orders-rows")).to_contain_text("paid")
    pill = page.locator("#orders-waiting")
    expect(pill).to_have_text("1 new order")
    assert rows(screen) == [f"P{n}" for n in range(10, 0, -1)]
    pill.click()
    expect(page).to_have_url(re.compile(r"/orders\?q=Hanari&status=placed$"))
    eventually(lambda: rows(screen)[:1] == ["NEWEST"])
    assert "P5" not in rows(screen)


def test_the_inbox_page_agrees_with_its_badge(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open("/inbox")
    badge, page = screen.page.locator("#unread"), screen.page
    button = page.get_by_role("button", name=re.compile(r"^Mark (all \d+ )?as read$"))
    expect(button).to_have_count(0)
    for number in range(1, 4):
        world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = %s", [f"S{number * 2}"])
        expect(badge).to_have_text(str(number))
        expect(button).to_have_text("Mark as read" if number == 1 else f"Mark all {number} as read")
        expect(page.locator("#inbox-page .note.is-unread")).to_have_count(number)
    world.conn.execute("UPDATE orders SET customer = 'Renamed since' WHERE number = 'S2'")
    expect(page.locator("#inbox-page")).to_contain_text("Renamed since")
    button.click()
    expect(badge).to_have_text("")
    expect(page.locator("#inbox-page .note.is-unread")).to_have_count(0)
    assert screen.faults == []


def test_the_bell_has_an_accessible_name_with_and_without_unread(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open("/orders/S1")
    bell = screen.page.locator("#bell > summary")
    expect(bell).to_have_accessible_name("Inbox, no unread")
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = 'S2'")
    expect(bell).to_have_accessible_name("Inbox, 1 unread")


def test_a_pause_lasts_from_page_to_page_and_its_button_changes_only_its_name(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open()
    page, pause = screen.page, screen.page.locator("#pause")
    expect(pause).to_have_accessible_name("Pause")
    pause.click()
    page.get_by_role("link", name="Orders", exact=True).click()
    expect(page.locator("#live-label")).to_have_text("Paused")
    expect(pause).to_have_accessible_name("Resume")
    assert pause.get_attribute("aria-pressed") is None
    world.order(tenant, number="IN THE PAUSE")
    watching: Screen = sign_in(ana).open("/orders")
    expect(watching.page.locator("#orders-rows")).to_contain_text("IN THE PAUSE")
    assert "IN THE PAUSE" not in rows(screen)
    pause.click()
    expect(page.locator("#orders-rows")).to_contain_text("IN THE PAUSE")
    screen.is_live()


def test_the_live_state_is_announced_to_screen_readers(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open()
    announcer = screen.page.locator("#live-announcer[role=status]")
    expect(announcer).to_have_text("")
    screen.page.context.clear_cookies()
    screen.page.evaluate("htmx.trigger('#revenue', 'refetch')")
    expect(announcer).to_have_text("You are signed out.")


def test_the_columns_of_recent_orders_do_not_move_with_their_content(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open()
    edges = "[...document.querySelectorAll('.orders-table thead th')].map(cell => cell.getBoundingClientRect().left)"
    before = screen.page.evaluate(edges)
    name = "An exceedingly long customer's name that no column is wide enough for"
    world.order(tenant, 123_456_789_00, number="A-VERY-LONG-NUMBER-OF-AN-ORDER", customer=name, owner_id=ana)
    expect(screen.page.locator("#recent_orders")).to_contain_text(name)
    assert screen.page.evaluate(edges) == before
