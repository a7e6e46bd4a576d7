"""panel_requests.js: what the responses to requests for panels change on the page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Scripts

pytestmark = pytest.mark.browser

# htmx's events of a request, with its headers, and with its response or the reason of its abort.
SEND = """
    const names = given.batch ?? [given.panel];
    const panels = names.map((name) => document.getElementById(name));
    const ctx = {
        sourceElement: given.batch ? document.getElementById("board") : panels[0],
        panels: given.batch ? panels : undefined,
        request: { headers: {}, signal: given.reason ? AbortSignal.abort(given.reason) : new AbortController().signal },
        response: given.status ? { status: given.status, headers: new Headers(given.headers) } : undefined,
    };
    const events = ["config:request", "before:request", ...(given.status ? ["after:request"] : []), "finally:request"];
    for (const event of events) document.dispatchEvent(new CustomEvent(`htmx:${event}`, { detail: { ctx } }));
    return ctx.request.headers;
"""
STALE_MS = 5_000
AS_OF = "10%3A05%3A00"


@pytest.fixture
def board(scripts: Scripts) -> Scripts:
    scripts.show(revenue="revenue", history="rollups")
    scripts.run("state.js", "state.set({ connected: true })")
    return scripts


def send(scripts: Scripts, **given: Any) -> dict[str, str]:
    """The headers of a request whose response has these values."""
    headers: dict[str, str] = scripts.run("panel_requests.js", SEND, given)
    return headers


def stale(scripts: Scripts) -> list[str]:
    """The panels that are stale when no further response comes."""
    scripts.pass_time(STALE_MS)
    found: list[str] = scripts.run("state.js", "return [...state.state.stale.keys()]")
    return found


def test_the_etag_of_a_response_is_sent_with_the_next_request(board: Scripts) -> None:
    assert send(board, panel="revenue", status=200, headers={"ETag": '"a1"'}) == {}
    assert send(board, panel="revenue", status=304, headers={"ETag": '"a1"'}) == {"If-None-Match": '"a1"'}
    batch = {"Doorbell-Panels": 'revenue="a2", history="b1"'}
    assert send(board, batch=["revenue", "history"], status=200, headers=batch) == {"Doorbell-Panels": 'revenue="a1"'}
    assert send(board, panel="history", status=304) == {"If-None-Match": '"b1"'}


def test_a_response_shows_its_time_in_the_frame(board: Scripts) -> None:
    send(board, panel="revenue", status=200, headers={"Doorbell-As-Of": AS_OF})
    expect(board.page.locator("[data-frame=revenue]")).to_contain_text("as of 10:05:00")
    expect(board.page.locator("[data-frame=history]")).to_contain_text("as of 10:00:00")


@pytest.mark.parametrize("status", [500, 503, None])
def test_a_request_that_fails_makes_its_panel_stale(board: Scripts, status: int | None) -> None:
    send(board, panel="revenue", status=status)
    assert stale(board) == ["revenue"]


@pytest.mark.parametrize("status", [200, 304, 404, 429])
def test_any_other_response_makes_no_panel_stale(board: Scripts, status: int) -> None:
    send(board, panel="revenue", status=status)
    assert stale(board) == []


def test_a_batch_that_fails_makes_all_its_panels_stale(board: Scripts) -> None:
    send(board, batch=["revenue", "history"], status=503)
    assert stale(board) == ["revenue", "history"]


def test_a_panel_that_the_response_of_a_batch_does_not_name_becomes_stale(board: Scripts) -> None:
    send(board, batch=["revenue", "history"], status=200, headers={"Doorbell-Panels": 'revenue="a1"'})
    assert stale(board) == ["history"]


@pytest.mark.parametrize(("reason", "panels"), [("timeout", ["revenue"]), ("the page is left", [])])
def test_an_aborted_request_counts_as_failed_only_after_its_timeout(
    board: Scripts, reason: str, panels: list[str]
) -> None:
    send(board, panel="revenue", reason=reason)
    assert stale(board) == panels


@pytest.mark.parametrize(("status", "words"), [(401, "You are signed out."), (409, "Another user is signed in now.")])
def test_a_refused_request_shows_that_the_session_has_ended(board: Scripts, status: int, words: str) -> None:
    send(board, panel="revenue", status=status)
    expect(board.page.locator("#live-label")).to_contain_text(words)


def test_a_response_while_no_signals_arrive_shows_that_the_page_polls(board: Scripts) -> None:
    board.run("state.js", "state.set({ connected: false })")
    board.pass_time(2_000)
    expect(board.page.locator("#live-label")).to_have_text("Reconnecting")
    send(board, panel="revenue", status=200)
    expect(board.page.locator("#live-label")).to_have_text("Polling")


def test_the_title_of_the_dot_has_the_latency_of_the_oldest_change(board: Scripts) -> None:
    body = """
        const noted = { revenue: 800, history: 2_400 };
        for (const [id, ms] of Object.entries(noted)) latency.noteChange(document.getElementById(id), Date.now() - ms);
    """
    board.run("latency.js", body)
    send(board, batch=["revenue", "history"], status=200)
    expect(board.page.locator("#live-state")).to_have_attribute("title", "Updated 2.4 s after the change")
