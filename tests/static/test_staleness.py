"""staleness.js: a panel whose requests fail is retried, shown as stale after a while, and fresh with its next response."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Scripts

pytestmark = pytest.mark.browser

STALE_MS = 5_000
RESTART_MS = 8_000  # after the loss of the stream
FIRST_RETRY_MS, LONGEST_RETRY_MS = 1_000, 4_000
FRAME = "document.querySelector(`[data-frame=${given}]`)"
STALE_NAMES = "return [...state.state.stale.keys()]"


@pytest.fixture
def live(scripts: Scripts) -> Scripts:
    """A live page with three panels. Each wait of a retry is as long as it can be."""
    scripts.show(revenue="revenue", history="rollups", salespeople="revenue")
    scripts.fix_random(0.999)
    scripts.run("state.js", "state.set({ connected: true })")
    return scripts


def fail(scripts: Scripts, *names: str) -> None:
    for name in names:
        scripts.run("staleness.js", f"staleness.markFailed({FRAME})", name)


def answer(scripts: Scripts, name: str, as_of: str = "10:05:00") -> None:
    scripts.run("staleness.js", f"staleness.markFresh({FRAME}, '{as_of}')", name)


def frame(scripts: Scripts, name: str) -> Locator:
    return scripts.page.locator(f"[data-frame={name}]")


def is_stale(scripts: Scripts, name: str) -> bool:
    return "is-stale" in (frame(scripts, name).get_attribute("class") or "")


def test_a_panel_is_stale_only_after_five_seconds_without_a_response(live: Scripts) -> None:
    fail(live, "revenue")
    live.pass_time(STALE_MS - 1)
    assert not is_stale(live, "revenue")
    live.pass_time(1)
    assert is_stale(live, "revenue")
    assert not is_stale(live, "history")
    expect(frame(live, "revenue")).to_contain_text("stale since 10:00:00")
    expect(live.page.locator("#live-label")).to_have_text("Stale since 10:00:00")


def test_further_failures_do_not_put_off_the_stale_mark(live: Scripts) -> None:
    fail(live, "revenue")
    live.pass_time(STALE_MS - 1)
    fail(live, "revenue")
    live.pass_time(1)
    assert is_stale(live, "revenue")


def test_a_panel_that_fails_with_the_stream_is_not_stale_before_a_restart_has_had_its_time(live: Scripts) -> None:
    live.run("state.js", "state.set({ connected: false })")
    fail(live, "revenue")
    live.pass_time(RESTART_MS - 1)
    assert not is_stale(live, "revenue")
    expect(live.page.locator("#live-label")).to_have_text("Reconnecting")
    live.pass_time(1)
    assert is_stale(live, "revenue")


def test_a_panel_that_answers_within_a_restart_never_becomes_stale(live: Scripts) -> None:
    live.run("state.js", "state.set({ connected: false })")
    fail(live, "revenue")
    live.pass_time(RESTART_MS - 1)
    answer(live, "revenue")
    live.pass_time(RESTART_MS)
    assert not is_stale(live, "revenue")


def test_a_response_makes_a_stale_panel_fresh_with_its_new_time(live: Scripts) -> None:
    fail(live, "revenue")
    live.pass_time(STALE_MS)
    assert live.run("state.js", STALE_NAMES) == ["revenue"], "guard"
    answer(live, "revenue", "10:05:00")
    assert not is_stale(live, "revenue")
    expect(frame(live, "revenue")).to_contain_text("as of 10:05:00")
    expect(live.page.locator("#live-label")).to_have_text("Live")


def test_a_panel_that_answers_in_time_never_becomes_stale(live: Scripts) -> None:
    fail(live, "revenue", "revenue", "history")
    live.pass_time(STALE_MS - 1)
    answer(live, "revenue")
    live.pass_time(STALE_MS)
    assert not is_stale(live, "revenue")
    assert is_stale(live, "history"), "guard: without a response"


def test_one_failed_panel_is_retried_for_all_with_growing_waits(live: Scripts) -> None:
    fail(live, "revenue", "history", "salespeople")
    live.pass_time(FIRST_RETRY_MS)
    assert live.refetched() == ["salespeople"]
    fail(live, "salespeople")
    live.pass_time(FIRST_RETRY_MS)
    assert live.refetched() == []
    live.pass_time(FIRST_RETRY_MS)
    assert live.refetched() == ["salespeople"]


def test_when_one_failed_panel_answers_the_others_are_refetched_at_once(live: Scripts) -> None:
    fail(live, "revenue", "history", "salespeople")
    answer(live, "history")
    assert live.refetched() == ["revenue", "salespeople"]
    answer(live, "revenue")
    answer(live, "salespeople")
    live.refetched()
    live.pass_time(10 * LONGEST_RETRY_MS)
    assert live.refetched() == [], "no panel is left to retry"


def test_after_a_response_the_next_retry_comes_soon_again(live: Scripts) -> None:
    for wait_ms in (FIRST_RETRY_MS, 2 * FIRST_RETRY_MS, LONGEST_RETRY_MS):
        fail(live, "revenue")
        live.pass_time(wait_ms)
    assert live.refetched() == ["revenue"] * 3
    answer(live, "revenue")
    fail(live, "revenue")
    live.pass_time(FIRST_RETRY_MS)
    assert live.refetched() == ["revenue"]


def test_a_paused_page_sends_its_retry_when_it_is_resumed(live: Scripts) -> None:
    live.page.locator("#pause").click()
    fail(live, "revenue")
    live.pass_time(5 * LONGEST_RETRY_MS)
    assert live.refetched() == []
    live.page.locator("#pause").click()
    assert live.refetched() == ["revenue"]


def test_a_page_that_has_just_lost_its_stream_sends_no_retry(live: Scripts) -> None:
    live.run("state.js", "state.set({ connected: false })")
    fail(live, "revenue")
    live.pass_time(FIRST_RETRY_MS)
    assert live.refetched() == []
    live.pass_time(2 * LONGEST_RETRY_MS)
    assert live.refetched() == ["revenue"], "later it does, because the stream may stay away"


def test_a_signed_out_page_sends_no_retry(live: Scripts) -> None:
    fail(live, "revenue")
    live.run("state.js", "state.signedOut(401)")
    live.pass_time(5 * LONGEST_RETRY_MS)
    assert live.refetched() == []
