"""One order's page: comments and mentions live, corrections, and state that survives changes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ..support.processes import Doorbell
from ..support.world import World
from .conftest import Sign
from .test_accessibility import LOOKS, overflow, violations

pytestmark = pytest.mark.browser


def test_a_mention_chosen_by_keyboard_reaches_the_colleague_and_every_open_page(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    zoe = world.user(tenant, "Zoë van der Straße")
    writer, reader = sign_in(ana).open("/orders/S2"), sign_in(zoe).open("/orders/S2")
    field, options = writer.page.locator("#comment"), writer.page.get_by_role("listbox")
    field.press_sequentially("Ask @")
    expect(options.get_by_role("option")).to_have_text(["Ben Okafor", "Zoë van der Straße"])
    writer.page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", f"mention-{zoe}")
    writer.page.keyboard.press("Escape")
    expect(options).to_be_hidden()
    field.press_sequentially("zoe van")
    expect(options.get_by_role("option")).to_have_text(["Zoë van der Straße"])
    writer.page.keyboard.press("Enter")
    expect(field).to_have_value("Ask @Zoë van der Straße ")
    expect(options).to_be_hidden()
    field.press_sequentially("about it")
    writer.page.keyboard.press("Control+Enter")
    expect(writer.page).to_have_url(re.compile(r"/orders/S2#comment-\d+$"))
    expect(reader.page.locator(".comment-text")).to_have_text("Ask @Zoë van der Straße about it")
    expect(reader.page.locator("#order-activity li").first).to_contain_text("Ana Silva commented")
    expect(reader.page.locator("#unread")).to_have_text("1")
    expect(reader.page.locator("#toasts")).to_contain_text("You were mentioned on order S2")
    expect(writer.page.locator("#unread")).to_have_text("")
    assert writer.faults == reader.faults == []


def test_a_deleted_comment_disappears_from_every_open_page(tenant: int, ana: int, ben: int, sign_in: Sign) -> None:
    writer, reader = sign_in(ana).open("/orders/S2"), sign_in(ben).open("/orders/S2")
    writer.page.locator("#comment").fill("A slip of the pen")
    writer.page.get_by_role("button", name="Comment", exact=True).click()
    expect(reader.page.locator("#comments")).to_contain_text("A slip of the pen")
    writer.page.locator(".comment summary").click()
    writer.page.get_by_role("button", name="Delete comment").click()
    expect(reader.page.locator("#comments")).to_contain_text("No comments yet")
    assert reader.was_not_reloaded()


def test_texts_that_a_user_types_survive_fifty_changes_and_another_action(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    world.order(tenant, 10_000, number="7", owner_id=ana, paid_at=world.now(), customer="Toms")
    screen = sign_in(ana).open("/orders/7")
    page, comment, reason = screen.page, screen.page.locator("#comment"), screen.page.locator("#payment_reason")
    comment.fill("Half a senten")
    page.locator("#correct-payment summary").click()
    reason.fill("Half a reas")
    comment.focus()
    for number in range(50):
        world.conn.execute("UPDATE orders SET customer = %s WHERE number = '7'", [f"Toms {number}"])
    expect(page.locator(".order-customer-name")).to_have_text("Toms 49")
    assert (comment.input_value(), reason.input_value()) == ("Half a senten", "Half a reas")
    expect(reason).to_be_visible()
    expect(comment).to_be_focused()
    assert screen.was_not_reloaded()
    page.get_by_role("button", name="Mark as shipped").click()
    expect(page.locator("#ship-done")).to_be_visible()
    expect(comment).to_have_value("Half a senten")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".comment-text")).to_have_text("Half a senten")
    expect(comment).to_have_value("")


def test_a_corrected_payment_leaves_the_board_at_once(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    board, screen = sign_in(ana).open(), sign_in(ana).open("/orders/S4")
    before = board.page.locator("#revenue-figure").inner_text()
    screen.page.locator("#correct-payment summary").click()
    expect(screen.page.locator("#correct-payment")).to_contain_text("no longer counts as revenue of")
    screen.page.locator("#payment_reason").fill("The bank booked another order")
    screen.page.get_by_role("button", name="Mark as not paid").click()
    expect(screen.page.locator(".alert-success")).to_have_text("Order S4 marked as not paid.")
    expect(screen.page.locator("#order-activity li").first).to_contain_text("Ana Silva corrected the payment")
    expect(screen.page.locator("#order-activity li").first).to_contain_text("“The bank booked another order”")
    expect(screen.page.get_by_role("button", name="Mark as paid")).to_be_visible()
    cents = lambda text: round(float(text.strip("€").replace(",", "")) * 100)  # noqa: E731
    expect(board.page.locator("#revenue-figure")).to_have_text(f"€{(cents(before) - 400) / 100:,.2f}")


def test_other_orders_of_the_customer_follow_their_changes(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    for number in range(7):
        world.order(tenant, 1000, number=f"C{number}", customer="Vins et alcools" if number else "VINS ET ALCOOLS")
    screen = sign_in(ana).open("/orders/C0")
    others = screen.page.locator("#customer_orders")
    expect(others).to_contain_text("6 other orders · €60.00")
    expect(others.locator("li")).to_have_count(5)
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = 'C6'")
    expect(others.locator("li").first).to_contain_text("shipped")
    world.order(tenant, 500, number="C7", customer="Vins et Alcools")
    expect(others).to_contain_text("7 other orders · €65.00")
    assert screen.was_not_reloaded()


@pytest.mark.parametrize(("scheme", "width"), LOOKS.values(), ids=LOOKS)
def test_an_order_with_everything_has_no_violation_after_live_updates(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell, scheme: str, width: int
) -> None:
    order = world.order(tenant, 123_456_78, number="7", owner_id=ana, paid_at=world.now(), customer="Customer 7")
    screen = sign_in(ana, width=width, color_scheme=scheme).open("/orders/7")
    page = screen.page
    page.locator("#comment").fill("@Ben Okafor see https://example.com/" + "x" * 300)
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".comment-mention")).to_have_text("@Ben Okafor")
    world.change(order, refunded_minor=100, shipped_at=world.now())
    expect(page.locator("#order-refunded")).to_be_visible()
    page.locator("#comment").press_sequentially("@")
    expect(page.get_by_role("listbox")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) == 0
