"""A page in a crowd, which batches its refetches after a random delay; and a page that only polls."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import expect

from webapp import redis_client
from webapp.events.topics import REVENUE
from webapp.panels.pacing import CROWD_THRESHOLD
from webapp.panels.registry import PANELS
from webapp.signals import publisher

from ..support import page_clock
from ..support.page_clock import MINUTES, POLLING
from ..support.processes import Doorbell
from ..support.sse import EventStream
from ..support.wait import eventually
from ..support.world import Service, World
from .conftest import Sign

pytestmark = pytest.mark.browser

# Five signals of a crowded tenant, as the stream's element dispatches them, in a page with nearly the longest delay.
SIGNALS = """() => {
    Math.random = () => 0.99;
    const live = document.getElementById("live");
    for (let n = 0; n < 5; n++) {
        const data = JSON.stringify({ seq: 1, at: Date.now(), pace: 1_000, jitter: 800 });
        live.dispatchEvent(new CustomEvent("revenue", { detail: { data } }));
    }
}"""


CONCERNED = sorted({panel.name for panel in PANELS.values() if panel.is_figure or REVENUE in panel.topics})


@contextlib.contextmanager
def crowd(doorbell: Doorbell, users: list[int]) -> Iterator[None]:
    """Enough streams of these users that signals carry a jitter."""
    with contextlib.ExitStack() as streams:
        for n in range(CROWD_THRESHOLD):
            stream = EventStream(doorbell.url + "/stream", doorbell.cookie(users[n % len(users)]))
            streams.callback(stream.close)
            stream.until("hello")
        yield


def test_a_page_in_a_crowd_waits_and_then_requests_all_panels_at_once(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana)
    screen.page.clock.install()
    screen.open(ignored=(MINUTES, POLLING))
    page_clock.stop(screen.page)
    screen.forget()
    screen.page.evaluate(SIGNALS)
    screen.page.clock.run_for(700)
    assert screen.asked("revenue") == 0
    assert screen.batches == [], "the delay is not over"
    screen.page.clock.run_for(100)
    eventually(lambda: screen.asked("revenue") == 1 and screen.batches == [CONCERNED])


def test_in_a_crowd_a_change_costs_one_request_without_unchanged_panels(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell
) -> None:
    screen = sign_in(ana).open(ignored=(MINUTES, POLLING))
    revenue = screen.page.locator("#revenue [data-version]")
    before = int(revenue.get_attribute("data-version") or "")
    with crowd(doorbell, [world.user(tenant, f"U{n} Name") for n in range(3)]):
        for n in (1, 2):
            screen.forget()
            with screen.page.expect_response(lambda response: "/panels?" in response.url) as answer:
                world.order(tenant, 100, placed_at="2020-01-01", paid_at=world.now())
            expect(revenue).to_have_attribute("data-version", str(before + 100 * n))
        assert 'id="revenue"' in answer.value.text()
        assert 'id="orders_today"' not in answer.value.text(), "it was placed on another day"
        assert screen.page.locator(".is-stale").count() == 0
    assert screen.faults == []


def test_only_a_panel_missing_in_the_answer_is_shown_as_stale(
    world: World, tenant: int, ana: int, sign_in: Sign, doorbell: Doorbell, service: Service
) -> None:
    screen = sign_in(ana).open()
    history, revenue = (screen.page.locator(f"[data-frame={name}]") for name in ("history", "revenue"))
    stale = re.compile("is-stale")
    with crowd(doorbell, [world.user(tenant, f"U{n} Name") for n in range(3)]):
        with psycopg.connect(service.database_url) as holder, redis_client.connect(service.redis_url) as client:
            holder.execute("LOCK TABLE rollups_daily IN ACCESS EXCLUSIVE MODE")  # longer than the lock timeout
            publisher.publish(client, tenant, {"day": None})
            expect(history).to_have_class(stale, timeout=25_000)  # two lock timeouts, then the page's
            expect(revenue).not_to_have_class(stale)
            holder.rollback()
        expect(history).not_to_have_class(stale)


def test_a_batch_due_in_a_pause_is_fetched_after_it(ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open(ignored=(MINUTES, POLLING))
    screen.forget()
    # At once: on a busy machine a click of the test may come after the delay.
    screen.page.evaluate(f"() => {{ ({SIGNALS})(); document.getElementById('pause').click(); }}")
    expect(screen.page.locator("#live-label")).to_have_text("Paused")
    screen.page.wait_for_timeout(1_000)  # longer than the delay
    assert screen.asked("revenue") == 0
    assert screen.batches == []
    screen.page.locator("#pause").click()
    eventually(lambda: screen.asked("revenue") == 1)


def test_a_polling_page_shows_its_state_and_changes_without_a_stream(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana)
    streams: list[str] = []
    screen.page.on("request", lambda request: streams.append(request.url) if "/stream" in request.url else None)
    screen.page.goto(screen.url + "/?live=poll")
    expect(screen.page.locator("#live-label")).to_have_text("Polling")
    world.order(tenant, 4200, number="POLLED")
    expect(screen.page.locator("#recent_orders")).to_contain_text("POLLED")
    assert streams == []
    assert screen.faults == []
