"""The page of attached tables on a screen: no violation, no overflow, and its progress moves by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ..support.attached import SHOP_ORDERS, Shop
from ..support.world import Service, World
from .conftest import Sign
from .test_accessibility import overflow, violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_its_window_and_has_no_violation(
    world: World, service: Service, tenant: int, sign_in: Sign, width: int
) -> None:
    world.conn.execute(SHOP_ORDERS)
    world.conn.execute("CREATE TABLE shop.invoices (LIKE shop.orders INCLUDING ALL)")
    shop = Shop(service, world.conn, tenant)
    shop.add(1, order_number="T1")
    shop.add(2, "-1", order_number="T2")
    shop.attach()
    manager = world.user(tenant, "Mia Manager", role="manager")
    page = sign_in(manager, width=width).open("/attached").page
    expect(page.locator("#attached")).to_contain_text("Row 2: the total is negative")
    assert violations(page) == []
    assert overflow(page) == 0
    page.get_by_role("button", name="Show a proposal").click()
    expect(page.locator("#attach-command")).to_contain_text("flask orders attach shop.invoices --tenant")
    assert violations(page) == []
    assert overflow(page) == 0
    world.conn.execute("UPDATE attachments SET state = 'backfilling', rows_done = 7, rows_total = 9")
    world.order(tenant, number="live")
    expect(page.locator("#attached")).to_contain_text("Copied 7 of 9 rows", timeout=20_000)
