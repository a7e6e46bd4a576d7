"""An erasure in real browsers: an admin begins it, and the open boards of colleagues lose the name."""

from __future__ import annotations

import psycopg
import pytest
import redis
from playwright.sync_api import expect

from ..support.privacy import Privacy
from ..support.world import Service, World
from .conftest import Sign

pytestmark = pytest.mark.browser

ERIKA = "Erika Mustermann"


def test_an_erased_name_leaves_open_boards_without_a_reload_or_a_toast(
    sign_in: Sign,
    world: World,
    service: Service,
    conn: psycopg.Connection,
    redis_client: redis.Redis,
    tenant: int,
    ana: int,
) -> None:
    world.order(tenant, 4_200, customer=ERIKA, owner_id=ana)
    board = sign_in(ana).open()
    expect(board.page.locator("#recent_orders")).to_contain_text(ERIKA)
    admin = sign_in(world.user(tenant, "Ada Admin", role="admin")).open("/settings/privacy")
    page = admin.page
    page.get_by_label("Customer", exact=True).fill("erika MUSTERMANN")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What is stored")).to_be_visible()
    page.get_by_label("Type").fill(ERIKA)
    page.get_by_role("button", name="Erase for ever").click()
    expect(page.locator(".privacy-state")).to_have_text("running")
    Privacy(service.database_url, conn, redis_client, tenant).worker.run()
    expect(board.page.locator("#recent_orders")).to_contain_text("Erased customer")
    expect(board.page.locator("#recent_orders")).not_to_contain_text(ERIKA)
    assert board.was_not_reloaded()
    expect(board.page.locator(".toast")).to_have_count(0)
    expect(page.locator(".privacy-state")).to_have_text("done")
    assert admin.was_not_reloaded() or page.url.endswith("/settings/privacy")
    assert admin.faults == board.faults == []
