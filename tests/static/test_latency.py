"""latency.js: the server's clock as the fastest response gives it, and the oldest change that a request shows."""

from __future__ import annotations

import pytest

from .conftest import Scripts

pytestmark = pytest.mark.browser

LATENCY = "return latency.latencyMs(Date.now() - 300)"


def measure(scripts: Scripts, offset_ms: int, there_ms: int, back_ms: int) -> None:
    """A response of a server whose clock is `offset_ms` behind the page's."""
    body = "latency.measureOffset(1e12 + given.there - given.offset, 1e12, 1e12 + given.there + given.back)"
    scripts.run("latency.js", body, {"offset": offset_ms, "there": there_ms, "back": back_ms})


def test_before_any_response_the_two_clocks_count_as_equal(scripts: Scripts) -> None:
    assert scripts.run("latency.js", LATENCY) == 300


def test_the_offset_of_the_servers_clock_is_taken_off_the_latency(scripts: Scripts) -> None:
    measure(scripts, offset_ms=5_000, there_ms=10, back_ms=10)
    assert scripts.run("latency.js", LATENCY) == 300 - 5_000
    assert scripts.run("latency.js", "return latency.latencyMs(Date.now() - 5_000 - 120)") == 120


def test_the_fastest_round_trip_wins_in_any_order(scripts: Scripts) -> None:
    measure(scripts, offset_ms=100, there_ms=400, back_ms=0)  # seems 100 ms ahead
    assert scripts.run("latency.js", LATENCY) == 300 + 100
    measure(scripts, offset_ms=100, there_ms=5, back_ms=5)
    assert scripts.run("latency.js", LATENCY) == 300 - 100
    measure(scripts, offset_ms=100, there_ms=0, back_ms=900)
    assert scripts.run("latency.js", LATENCY) == 300 - 100, "the slower trip changes nothing"


def test_a_response_without_a_clock_changes_nothing(scripts: Scripts) -> None:
    scripts.run("latency.js", "latency.measureOffset(Number(null), 1000, 1001)")
    assert scripts.run("latency.js", LATENCY) == 300


def test_a_request_shows_the_oldest_change_of_its_panels_and_the_next_only_later_ones(scripts: Scripts) -> None:
    body = """
        const [one, two, unchanged] = [{}, {}, {}];
        latency.noteChange(one, 30);
        latency.noteChange(two, 20);
        latency.noteChange(two, 10);  // the first that it has not shown counts
        latency.noteChange(unchanged, undefined);
        const first = latency.takeOldestChange([one, two, unchanged]);
        const none = latency.takeOldestChange([one, two, unchanged]);
        latency.noteChange(one, 40);
        return [first, none, latency.takeOldestChange([one, two])];
    """
    assert scripts.run("latency.js", body) == [20, None, 40]
