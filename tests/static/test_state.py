"""state.js: the announcements of a page's freshness to screen readers, and how often they come."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Scripts

pytestmark = pytest.mark.browser

SETTLED_MS, MIN_INTERVAL_MS = 2_000, 20_000


def announced(scripts: Scripts) -> str:
    return scripts.page.locator("#live-announcer").text_content() or ""


def change(scripts: Scripts, changes: str) -> None:
    scripts.run("state.js", f"state.set({changes})")


def test_a_state_is_announced_once_it_has_lasted_and_the_next_one_twenty_seconds_later(scripts: Scripts) -> None:
    change(scripts, "{ connected: true }")
    scripts.pass_time(60_000)
    assert announced(scripts) == "", "the first state of a page"
    change(scripts, "{ away: true }")
    scripts.pass_time(SETTLED_MS - 1)
    assert announced(scripts) == ""
    scripts.pass_time(1)
    assert announced(scripts) == "Polling. Updates arrive every 15 seconds."
    change(scripts, "{ away: false }")
    scripts.pass_time(MIN_INTERVAL_MS - 1)
    assert announced(scripts).startswith("Polling.")
    scripts.pass_time(1)
    assert announced(scripts) == "Live. Updates arrive again."


def test_a_short_interruption_is_not_announced(scripts: Scripts) -> None:
    change(scripts, "{ connected: true }")
    change(scripts, "{ connected: false }")
    scripts.pass_time(1_000)
    change(scripts, "{ connected: true }")
    scripts.pass_time(MIN_INTERVAL_MS)
    assert announced(scripts) == ""


def test_a_signed_out_page_says_so_and_one_of_another_user_too(scripts: Scripts) -> None:
    scripts.run("state.js", "state.signedOut(401)")
    scripts.pass_time(SETTLED_MS)
    assert announced(scripts) == "You are signed out."
    scripts.run("state.js", "state.signedOut(409)")
    expect(scripts.page.locator("#live-label")).to_contain_text("Another user is signed in now.")


def test_the_users_own_pause_is_announced_at_once(scripts: Scripts) -> None:
    change(scripts, "{ connected: true }")
    for name, sentence in (("Resume", "Paused."), ("Pause", "Live. Updates arrive again."), ("Resume", "Paused.")):
        scripts.page.locator("#pause").click()
        assert announced(scripts) == sentence
        expect(scripts.page.locator("#pause")).to_have_accessible_name(name)
