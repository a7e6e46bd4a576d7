"""The pages beside the board from right to left: they fit, and their header is mirrored."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..support.processes import Doorbell
from ..support.relay import Relay, hold
from ..support.uploads import BAD, GOOD, csv
from ..support.world import World
from .conftest import Sign
from .test_accessibility import overflow

pytestmark = pytest.mark.browser

PAGES = (
    "/orders/new",
    "/orders?by=revenue&range=last_7&min=wrong",
    "/connect",
    "/orders/import",
    "/inbox?group=order",
    "/notifications",
    "/relay",
    "/relay/stream",
    "/attached",
    "/targets",
    "/settings/board",
    "/no-such-page",
)
HEADER = (".brand", ".topbar-nav", "#pause", "#bell")
REASON = "the message has 1,200,345 bytes; this topic accepts 1,048,576 (max.message.bytes)"


@pytest.fixture
def ida(world: World, tenant: int) -> int:
    return world.user(tenant, "Ida Admin", role="admin")


def middles(page: Page) -> list[float]:
    """Of the header's parts, from the left; those that a narrow header hides are left out."""
    boxes = (page.locator(part).first.bounding_box() for part in HEADER)
    return [box["x"] + box["width"] / 2 for box in boxes if box]


@pytest.mark.parametrize("width", [375, 1440])
def test_all_pages_of_an_admin_fit_from_right_to_left(
    relay: Relay, world: World, tenant: int, ida: int, sign_in: Sign, doorbell: Doorbell, width: int
) -> None:
    relay.add(tenant_id=tenant)
    world.order(tenant, owner_id=ida)
    hold(relay.conn, relay.find(), world.events(tenant)[:1], REASON)
    page = sign_in(ida, width=width, locale="ar-EG").page
    for path in PAGES:
        page.goto(doorbell.url + path)
        assert (path, page.evaluate("document.dir"), overflow(page)) == (path, "rtl", 0)
        if width == 1440:
            found = middles(page)  # read once: the label beside the dot may change meanwhile
            assert found == sorted(found, reverse=True), path


@pytest.mark.parametrize("width", [375, 1440])
def test_an_import_fits_from_right_to_left(ida: int, sign_in: Sign, doorbell: Doorbell, width: int) -> None:
    page = sign_in(ida, width=width, locale="ar-EG").page
    page.goto(doorbell.url + "/orders/import")
    content = csv(*GOOD, BAD)
    page.locator("#file").set_input_files({"name": "orders.csv", "mimeType": "text/csv", "buffer": content})
    page.locator("#upload-form button[type=submit]").click()
    expect(page.locator("h1")).to_have_text("orders.csv")
    expect(page.locator("#preview-2")).to_contain_text("Hotel Adler")
    assert overflow(page) == 0
