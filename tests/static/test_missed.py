"""missed.js: the newest events of the stream, for tabs that join or return."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Scripts

pytestmark = pytest.mark.browser

LOG = """
    const log = new missed.MissedEvents(given.base);
    for (const [name, data] of given.events) log.add(name, { data: JSON.stringify(data), id: "" });
    return log.after(given.after)?.map(({ name }) => name) ?? null;
"""


def after(scripts: Scripts, seq: int, *events: tuple[str, dict[str, Any]], base: int = 100) -> list[str] | None:
    """The names of the events that a tab at `seq` has missed; None when the log does not reach so far."""
    found: list[str] | None = scripts.run("missed.js", LOG, {"base": base, "events": events, "after": seq})
    return found


def test_a_tab_gets_the_events_after_its_seq(scripts: Scripts) -> None:
    events = [("orders", {"seq": 110}), ("revenue", {"seq": 110}), ("inbox", {"seq": 120})]
    assert after(scripts, 100, *events) == ["orders", "revenue", "inbox"]
    assert after(scripts, 110, *events) == ["inbox"]
    assert after(scripts, 120, *events) == []


def test_a_tab_from_before_the_log_is_told_so(scripts: Scripts) -> None:
    assert after(scripts, 99, ("orders", {"seq": 110})) is None
    assert after(scripts, 100, ("orders", {"seq": 110})) == ["orders"]


def test_greetings_and_pings_are_not_kept(scripts: Scripts) -> None:
    assert after(scripts, 100, ("hello", {"seq": 110, "now": 1}), ("ping", {"now": 2}), ("day", {"seq": 111})) == [
        "day"
    ]


def test_the_log_is_bounded(scripts: Scripts) -> None:
    events = [("orders", {"seq": 100 + n}) for n in range(1, 300)]
    assert after(scripts, 101, *events) is None
    assert len(after(scripts, 250, *events) or ()) == 149
