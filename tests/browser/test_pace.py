"""The pace of a page's refetches, on a clock that the test moves."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from webapp.panels.pacing import LIST_TIMES, MIN_ROUND_SECONDS, PAGE_PART

from ..support import page_clock
from ..support.page_clock import MINUTES, POLLING
from ..support.wait import eventually
from ..support.world import World
from .conftest import Screen, Sign

pytestmark = pytest.mark.browser

PACE_MS = round(1000 * MIN_ROUND_SECONDS * PAGE_PART)
MARGIN_MS = 5
# A signal, as the stream's element dispatches it.
SIGNAL = """({ topic, data }) => {
    const detail = { data: JSON.stringify({ seq: 1, at: Date.now(), ...data }) };
    document.getElementById("live").dispatchEvent(new CustomEvent(topic, { detail }));
}"""


def send(screen: Screen, topic: str, **data: Any) -> None:
    screen.page.evaluate(SIGNAL, {"topic": topic, "data": data})


@pytest.fixture
def screen(ana: int, sign_in: Sign) -> Screen:
    """A live page whose clock stands still."""
    screen = sign_in(ana)
    screen.page.clock.install()
    screen.open(ignored=(MINUTES, POLLING))
    page_clock.stop(screen.page)
    eventually(lambda: screen.page.evaluate("document.readyState") == "complete")
    screen.forget()
    return screen


def test_the_first_change_is_requested_at_once_and_the_next_at_the_pace(screen: Screen) -> None:
    send(screen, "revenue")
    eventually(lambda: screen.asked("revenue") == 1)
    _until_answered(screen)
    with screen.page.expect_response(lambda response: "/panels?" in response.url):
        screen.page.clock.run_for(PACE_MS)
        send(screen, "revenue")
    asked = screen.asked("revenue")
    for _ in range(5):
        send(screen, "revenue")
    screen.page.clock.run_for(PACE_MS - MARGIN_MS)
    assert screen.asked("revenue") == asked
    screen.page.clock.run_for(2 * MARGIN_MS)
    eventually(lambda: screen.asked("revenue") == asked + 1)
    screen.page.clock.run_for(10 * PACE_MS)
    assert screen.asked("revenue") == asked + 1, "one request for five signals"


def test_the_last_of_several_changes_within_the_pace_is_shown(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open()
    revenue = screen.page.locator("#revenue [data-version]")
    before = int(revenue.get_attribute("data-version") or "")
    world.order(tenant, 100, placed_at="2020-01-01", paid_at=world.now())
    expect(revenue).to_have_attribute("data-version", str(before + 100))
    for _ in range(3):
        world.order(tenant, 100, placed_at="2020-01-01", paid_at=world.now())
    expect(revenue).to_have_attribute("data-version", str(before + 400))
    assert screen.faults == []


def test_a_slower_pace_of_a_signal_counts_from_the_next_request(screen: Screen) -> None:
    send(screen, "revenue", pace=4 * PACE_MS)
    eventually(lambda: screen.asked("revenue") == 1)
    _until_answered(screen)
    send(screen, "revenue", pace=4 * PACE_MS)
    screen.page.clock.run_for(3 * PACE_MS)
    assert screen.asked("revenue") == 1
    screen.page.clock.run_for(2 * PACE_MS)
    eventually(lambda: screen.asked("revenue") == 2)


def test_in_a_crowd_only_a_page_from_a_pause_waits_for_the_jitter_and_the_list_joins_the_batch(screen: Screen) -> None:
    screen.page.evaluate("Math.random = () => 0.99")
    crowd = {"pace": 400, "jitter": 300}
    send(screen, "orders", ids=None, **crowd)
    send(screen, "revenue", **crowd)
    screen.page.clock.run_for(290)
    assert screen.batches == []
    with screen.page.expect_response(lambda response: "/panels?" in response.url) as first:
        screen.page.clock.run_for(10)
    first.value.finished()
    eventually(lambda: len(screen.batches) == 1)
    assert "recent_orders" in screen.batches[0]
    _until_answered(screen)
    send(screen, "orders", ids=None, **crowd)
    send(screen, "revenue", **crowd)
    screen.page.clock.run_for(390)
    assert len(screen.batches) == 1
    screen.page.clock.run_for(20)
    eventually(lambda: len(screen.batches) == 2)
    assert "recent_orders" not in screen.batches[1], "lists are slower"
    for _ in range(LIST_TIMES):
        # The page's clock stands still meanwhile, and a list waits for the batch before it.
        _until_answered(screen)
        screen.page.clock.run_for(400)
    eventually(lambda: any("recent_orders" in batch for batch in screen.batches[2:]))
    assert screen.fetched["recent_orders"] == 0


def _until_answered(screen: Screen) -> None:
    eventually(lambda: screen.page.evaluate("document.querySelector('.htmx-request') === null"))
