"""The relay's pages in a browser: they change as events are relayed, keep what a person types, and fit on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..support import page_clock
from ..support.processes import Doorbell
from ..support.relay import Relay, attempt, deliver, hold
from ..support.world import World
from .conftest import Sign
from .test_accessibility import overflow, violations

pytestmark = pytest.mark.browser

FAULTS = (Path(__file__).parent / "layout.js").read_text()
LONG = "payments-of-the-north-western-warehouse1"
COPIED_MS = 2_000
REASON = "the message has 1,200,345 bytes; this topic accepts 1,048,576 (max.message.bytes)"


@pytest.fixture
def ida(world: World, tenant: int) -> int:
    return world.user(tenant, "Ida Admin", role="admin")


def test_the_list_follows_the_relay_and_the_link_gets_a_badge(
    relay: Relay, world: World, tenant: int, ida: int, sign_in: Sign
) -> None:
    relay.add(tenant_id=tenant)
    screen = sign_in(ida).open("/relay")
    page = screen.page
    card = page.locator("#destination-stream")
    expect(card).to_contain_text("Sends new events as they are written.")
    world.change(world.order(tenant), paid_at="now()")
    relay.run()
    expect(page.locator("#stream-sent")).to_contain_text("2")
    expect(page.locator("#relay-badge")).to_be_empty()
    hold(relay.conn, relay.find(), world.events(tenant)[-1:], REASON)
    world.order(tenant)
    relay.run()
    expect(page.locator("#relay-badge")).to_contain_text("1")
    expect(card).to_contain_text("Dead letters")
    assert screen.was_not_reloaded()
    assert screen.faults == []


def test_a_dead_letter_appears_and_a_retry_removes_it_while_a_person_types(
    relay: Relay, world: World, tenant: int, ida: int, sign_in: Sign
) -> None:
    relay.add(tenant_id=tenant)
    screen = sign_in(ida).open("/relay/stream")
    page = screen.page
    expect(page.locator("#relay_destination")).to_contain_text("No dead letters")
    page.locator("#replay > summary").click()
    page.locator("#rate").fill("77")
    page.locator("#type-paid").check()
    hold(relay.conn, relay.find(), world.events(tenant)[:1], REASON)
    world.order(tenant)
    relay.run()
    row = page.locator("#relay-dead-scroll tbody tr")
    expect(row).to_contain_text("The message has 1,200,345 bytes")
    assert page.locator("#rate").input_value() == "77"
    assert page.locator("#type-paid").is_checked()
    assert screen.was_not_reloaded()
    row.get_by_role("button", name="Retry event").click()
    expect(page.get_by_role("status").filter(has_text="1 dead letter is sent again")).to_be_visible()
    expect(row).to_contain_text("Retry requested")
    screen.is_live()
    relay.run()
    expect(page.locator("#relay_destination")).to_contain_text("No dead letters")
    assert screen.faults == []


def test_an_orders_journey_follows_the_relay(relay: Relay, world: World, tenant: int, ida: int, sign_in: Sign) -> None:
    relay.add(tenant_id=tenant)
    world.order(tenant, number="JOURNEY")
    page = sign_in(ida).open("/orders/JOURNEY").page
    expect(page.locator("#journey .relay-steps")).to_contain_text("stream: waiting")
    relay.run()
    expect(page.locator("#journey .relay-steps")).to_contain_text("stream: acknowledged")


def test_a_test_of_the_connection_runs_beside_the_pages(relay: Relay, tenant: int, ida: int, sign_in: Sign) -> None:
    relay.add(tenant_id=tenant)
    page = sign_in(ida).open("/relay/stream").page
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("status").filter(has_text="stream works: Redis")).to_be_visible()


def test_the_verification_can_be_copied(relay: Relay, tenant: int, ida: int, sign_in: Sign) -> None:
    relay.add("hook", "https://hooks.example.com/x", tenant_id=tenant)
    screen = sign_in(ida, permissions=["clipboard-read", "clipboard-write"])
    page = screen.page
    page.clock.install()
    screen.open("/relay/hook")
    page_clock.stop(page)
    button = page.locator("[data-copy=verification]")
    button.click()
    expect(button).to_have_text("Copied")
    assert "def verify(secret: str" in page.evaluate("navigator.clipboard.readText()")
    page.clock.run_for(COPIED_MS)
    expect(button).to_have_text("Copy the code")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 768), ("light", 375), ("dark", 375)])
def test_long_names_and_reasons_fit_and_have_no_violation(
    relay: Relay, world: World, tenant: int, ida: int, sign_in: Sign, doorbell: Doorbell, scheme: str, width: int
) -> None:
    relay.add(LONG, "redis://redis-of-the-warehouse.internal.example.com:6380/0?stream=a", tenant_id=tenant)
    hook = relay.add("hook", "https://hooks.example.com/x", tenant_id=tenant)
    number = "JOURNEY-20260003"
    world.change(world.order(tenant, number=number), paid_at="now()")
    events = world.events(tenant)
    hold(relay.conn, relay.find(LONG), events[-2:], REASON)
    failed = deliver(relay.conn, hook, events[-2], state="dead", attempts=8, reason="answered 500", done_at=world.now())
    attempt(relay.conn, failed, status=500, answer="x" * 3000)
    deliver(relay.conn, hook, events[-1])
    page = sign_in(ida, width=width, color_scheme=scheme).page
    for path in ("/relay", f"/relay/{LONG}", "/relay/hook", f"/relay/hook/deliveries/{failed}", f"/orders/{number}"):
        page.goto(doorbell.url + path)
        page.evaluate("document.querySelectorAll('main details:not(:has(pre))').forEach(each => each.open = true)")
        found: list[str] = page.evaluate(FAULTS)
        assert (path, found) == (path, [])
        assert (path, violations(page)) == (path, [])
        assert (path, overflow(page)) == (path, 0)
