"""A page among many: it waits for its turn, and one that only polls."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import expect

from webapp import redis_client
from webapp.signals import publisher
from webapp.streams.jitter import CROWD_THRESHOLD

from ..support.processes import Doorbell
from ..support.sse import EventStream
from ..support.wait import eventually
from ..support.world import Service, World
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


CONCERNED = ["average_order", "revenue", "revenue_by_hour", "salespeople"]


@contextlib.contextmanager
def crowd(doorbell: Doorbell, users: list[int]) -> Iterator[None]:
    """So many streams of these users that a page gets a spread."""
    with contextlib.ExitStack() as streams:
        for n in range(CROWD_THRESHOLD):
            stream = EventStream(doorbell.url + "/stream", doorbell.cookie(users[n % len(users)]))
            streams.callback(stream.close)
            stream.until("hello")
        yield


def test_where_many_watch_a_page_waits_for_its_turn_and_asks_for_all_panels_at_once(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open()
    screen.forget()
    screen.page.evaluate(SIGNALS)
    assert screen.together == [], "its turn is still to come"
    eventually(lambda: screen.asked("revenue") == 0 and screen.together == [CONCERNED])


def test_in_a_crowd_a_change_is_shown_by_one_request_and_what_did_not_change_is_left_out(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    screen = sign_in(ana).open()
    revenue = screen.page.locator("#revenue [data-version]")
    before = int(revenue.get_attribute("data-version") or "")
    with crowd(doorbell, [world.user(tenant, f"U{n} Name") for n in range(3)]):
        for n in (1, 2):
            screen.forget()
            with screen.page.expect_response(lambda response: "/panels?" in response.url) as answer:
                world.order(tenant, 100, placed_at="2020-01-01", paid_at=world.now())
            expect(revenue).to_have_attribute("data-version", str(before + 100 * n))
            assert screen.asked("revenue") == 0
        assert 'id="revenue"' in answer.value.text()
        assert 'id="orders_today"' not in answer.value.text(), "it was placed on another day"
        assert screen.page.locator(".is-stale").count() == 0
    assert screen.faults == []


def test_a_panel_that_the_answer_does_not_name_is_shown_as_stale_alone(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell, service: Service
) -> None:
    screen = sign_in(ana).open()
    history, revenue = (screen.page.locator(f"[data-frame={name}]") for name in ("history", "revenue"))
    stale = re.compile("is-stale")
    with crowd(doorbell, [world.user(tenant, f"U{n} Name") for n in range(3)]):
        with psycopg.connect(service.database_url) as holder, redis_client.connect(service.redis_url) as client:
            holder.execute("LOCK TABLE rollups_daily IN ACCESS EXCLUSIVE MODE")  # for longer than a query waits for it
            publisher.publish(client, tenant, {"day": None})
            expect(history).to_have_class(stale, timeout=25_000)  # two panels' patience with the lock, then the page's
            expect(revenue).not_to_have_class(stale)
            holder.rollback()
        expect(history).not_to_have_class(stale)


def test_a_turn_that_comes_in_a_pause_is_taken_after_it(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open()
    screen.forget()
    screen.page.evaluate(SIGNALS)
    screen.page.locator("#pause").click()
    screen.page.wait_for_timeout(1_000)  # the turn passes
    assert screen.asked("revenue") == 0
    assert screen.together == []
    screen.page.locator("#pause").click()
    eventually(lambda: screen.asked("revenue") == 1)


def test_a_page_that_only_polls_says_so_and_sees_changes_without_a_stream(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana)
    streams: list[str] = []
    screen.page.on("request", lambda request: streams.append(request.url) if "/stream" in request.url else None)
    screen.page.goto(screen.url + "/?live=poll")
    expect(screen.page.locator("#live-words")).to_have_text("Polling")
    world.order(tenant, 4200, number="POLLED")
    expect(screen.page.locator("#recent_orders")).to_contain_text("POLLED")
    assert streams == []
    assert screen.faults == []
