"""The bell: the owner of an order is notified at once, and no other user."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ..support.processes import Doorbell
from ..support.wait import eventually
from ..support.world import World
from .conftest import Sign

pytestmark = pytest.mark.browser


def test_only_the_owner_is_notified_when_psql_pays_the_order(
    world: World, tenant: int, ana: int, ben: int, sign_in: Sign
) -> None:
    hers, his = sign_in(ana).open(), sign_in(ben).open()
    world.order(tenant, 125000, number="1042", customer="Vins et alcools Chevalier", owner_id=ana)
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = '1042'")
    toast = hers.page.locator("#toasts")
    expect(toast).to_contain_text("Order 1042 was paid")
    expect(toast).to_contain_text("€1,250.00")
    expect(hers.page.locator("#unread")).to_have_text("1")
    world.order(tenant, 100, number="1043", owner_id=ben)
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = '1043'")  # guard: his own reaches him
    expect(his.page.locator("#toasts")).to_contain_text("Order 1043 was shipped")
    assert "1042" not in his.page.locator("#toasts").inner_text()
    expect(his.page.locator("#unread")).to_have_text("1")


def test_marking_read_clears_the_badge_in_every_tab(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    world.order(tenant, 100, number="1042", owner_id=ana)
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = '1042'")
    screen = sign_in(ana).open()
    tab = sign_in(ana).open()
    for each in (screen, tab):
        expect(each.page.locator("#unread")).to_have_text("1")
        expect(each.page.locator("#toasts")).to_be_empty()
    screen.page.locator("#bell > summary").click()
    expect(screen.page.locator("#inbox")).to_contain_text("1042")
    screen.page.locator("#inbox").get_by_role("button", name="Mark order 1042 paid as read").click()
    for each in (screen, tab):
        expect(each.page.locator("#unread")).to_have_text("")


def test_a_burst_is_coalesced_into_one_toast(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open()
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE owner_id = %s", [ana])
    expect(screen.page.locator("#unread")).to_have_text("20")
    expect(screen.page.locator("#toasts")).to_contain_text("20")
    assert screen.page.locator("#toasts > *").count() == 1


def test_a_notification_during_an_outage_is_shown_after_the_reconnect(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    screen = sign_in(ana).open()
    doorbell.web.kill()
    world.order(tenant, 100, number="1042", owner_id=ana)
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = '1042'")
    doorbell.start_web()
    expect(screen.page.locator("#toasts")).to_contain_text("Order 1042 was paid", timeout=25_000)


def test_an_order_paid_in_the_app_by_its_owner_notifies_no_user(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    order = world.order(tenant, 100, number="1042", owner_id=ana)
    screen = sign_in(ana)
    screen.page.goto(screen.url + "/orders/1042")
    screen.page.get_by_role("button", name="Mark as paid").click()
    eventually(lambda: world.conn.execute("SELECT status FROM orders WHERE id = %s", [order]).fetchone() == ("paid",))
    assert world.conn.execute("SELECT count(*) FROM notifications WHERE order_id = %s", [order]).fetchone() == (0,)
