"""A page among many: it waits for its turn, and one that only polls."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ..processes import eventually
from ..world import World
from .conftest import Sign

pytestmark = pytest.mark.browser

# As the stream's element tells it: five signals of a tenant that many watch, at a page whose turn comes late.
SIGNALS = """() => {
    Math.random = () => 0.99;
    const live = document.getElementById("live");
    for (let n = 0; n < 5; n++) {
        const data = JSON.stringify({ seq: 1, at: Date.now(), spread: 800 });
        live.dispatchEvent(new CustomEvent("revenue", { detail: { data } }));
    }
}"""


def test_where_many_watch_a_page_waits_for_its_turn_and_folds_what_comes_meanwhile(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open()
    screen.forget()
    screen.page.evaluate(SIGNALS)
    assert screen.asked("revenue") == 0, "its turn is still to come"
    panels = ("revenue", "average_order", "revenue_by_hour", "salespeople")
    eventually(lambda: all(screen.asked(panel) for panel in panels))
    assert {panel: screen.asked(panel) for panel in panels} == dict.fromkeys(panels, 1)


def test_a_turn_that_comes_in_a_pause_is_taken_after_it(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open()
    screen.forget()
    screen.page.evaluate(SIGNALS)
    screen.page.locator("#pause").click()
    screen.page.wait_for_timeout(1_000)  # the turn passes
    assert screen.asked("revenue") == 0
    screen.page.locator("#pause").click()
    eventually(lambda: screen.asked("revenue") == 1)


def test_a_page_that_only_polls_says_so_and_sees_changes_without_a_stream(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana)
    streams: list[str] = []
    screen.page.on("request", lambda request: streams.append(request.url) if "/stream" in request.url else None)
    screen.page.goto(screen._doorbell.url + "/?live=poll")
    expect(screen.page.locator("#live-words")).to_have_text("Polling")
    world.order(tenant, 4200, number="POLLED")
    expect(screen.page.locator("#recent_orders")).to_contain_text("POLLED")
    assert streams == []
    assert screen.faults == []
