"""A webhook that is disabled: the toast, the badge and the item appear at once on a manager's open pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ..support.receivers import StartReceiver
from ..support.relay import Relay
from ..support.webhooks import HOOK, Inbox, failing
from ..support.world import World
from .conftest import Sign

pytestmark = pytest.mark.browser


def test_a_disabled_webhook_is_announced_on_a_admins_open_page_and_on_no_salespersons(
    relay: Relay, world: World, tenant: int, ana: int, sign_in: Sign, receiver: StartReceiver
) -> None:
    gone = Inbox()
    failing(gone, 410)
    relay.add(HOOK, receiver(gone).url, tenant_id=tenant)
    ida = world.user(tenant, "Ida Admin", role="admin")
    board, inbox, hers = sign_in(ida).open(), sign_in(ida).open("/inbox"), sign_in(ana).open()
    order = world.order(tenant, number="1042", owner_id=ana)
    relay.run(HOOK)
    toast = board.page.locator("#toasts")
    expect(toast).to_contain_text("Webhook hook was disabled: it answered 410 Gone")
    expect(board.page.locator("#announcer")).to_have_text("Webhook hook was disabled: it answered 410 Gone.")
    expect(board.page.locator("#unread")).to_have_text("1")
    expect(board.page.locator("#relay-badge")).to_contain_text("1")
    expect(inbox.page.locator("#inbox-page-notes")).to_contain_text("Webhook hook was disabled")
    # Guard: her own reaches her, after the time of the other one.
    world.change(order, paid_at=world.now())
    expect(hers.page.locator("#toasts")).to_contain_text("Order 1042 was paid")
    assert "Webhook" not in hers.page.locator("#toasts").inner_text()
    expect(hers.page.locator("#unread")).to_have_text("1")
    toast.get_by_role("link", name="Open").click()
    expect(board.page.get_by_role("heading", level=1)).to_have_text("hook")
    expect(board.page.locator("#unread")).to_have_text("")
    assert board.faults == inbox.faults == hers.faults == []
