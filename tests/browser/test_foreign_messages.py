"""Messages in the stream that Doorbell never sends: the page ignores them."""

from __future__ import annotations

import json
import time

import pytest
from playwright.sync_api import Route, expect

from ..support.world import World
from .conftest import Sign

pytestmark = pytest.mark.browser

PARTIAL = (
    '<hx-partial id="revenue" hx-swap="innerHTML"><p id="injected">Injected</p>'
    '<form hx-post="/orders/S3/payment" hx-trigger="load"></form></hx-partial>'
)
FOREIGN = (
    f"data: {PARTIAL}\n\n",
    f"event:\ndata: {PARTIAL}\n\n",
    "event: load\ndata: {}\n\n",
    "event: live:connect\ndata: {}\n\n",
    "event: hx:release\ndata: {}\n\n",
    "event: htmx:abort\ndata: {}\n\n",
    "event: refetch\ndata: {}\n\n",
)


def test_a_message_without_a_known_name_does_nothing(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana)
    asked: list[str] = []

    def answer(route: Route) -> None:
        """The foreign messages, then a valid one: its refetch proves that the page has read them all."""
        asked.append(route.request.url)
        now = int(time.time() * 1000)
        hello = f"event: hello\nretry: 5000\ndata: {json.dumps({'seq': 1, 'now': now, 'live': True})}\n\n"
        ours = f"event: revenue\nid: {now}\ndata: {json.dumps({'seq': now, 'at': now})}\n\n"
        route.fulfill(status=200, content_type="text/event-stream", body=hello + "".join(FOREIGN) + ours)

    screen.page.route("**/stream*", answer)
    with screen.page.expect_response(lambda response: "revenue" in response.url and "/panels" in response.url):
        screen.page.goto(screen.url + "/")
    expect(screen.page.locator("#revenue")).to_be_visible()
    expect(screen.page.locator("#injected")).to_have_count(0)
    expect(screen.page.locator("form[hx-trigger=load]")).to_have_count(0)
    paid = world.conn.execute("SELECT paid_at FROM orders WHERE number = 'S3'").fetchone()
    assert paid == (None,)
    assert screen.faults == []
