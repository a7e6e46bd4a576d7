"""Rounds: when a panel's next render starts."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from webapp.panels.rounds import Round

from ..support.fuzzing import fuzzed

R = 0.4
CHEAP = 0.004


def begun(now: float = 100.0) -> Round:
    round = Round()
    round.started(now, R)
    return round


def test_the_first_render_and_the_first_after_a_pause_start_at_once() -> None:
    assert Round().next_start(100.0, None, 0.0, R) == 100.0
    assert begun(100.0).next_start(100.5, 100.0, CHEAP, R) == 100.5


def test_a_panel_is_rendered_once_per_round() -> None:
    assert begun(100.0).next_start(100.1, 100.0, CHEAP, R) == 100.0 + R


def test_all_panels_of_a_round_start_with_it() -> None:
    round = begun(100.0)
    assert round.next_start(100.1, 99.9, CHEAP, R) == 100.1, "it had its last render in the round before"
    round.started(100.1, R)
    assert {round.next_start(100.2, last, CHEAP, R) for last in (100.0, 100.1)} == {100.0 + R}


def test_a_dear_panel_waits_for_the_beginning_of_a_later_round() -> None:
    assert begun(100.0).next_start(100.1, 100.0, 0.4, R) == 100.0 + 3 * R, "0.4 s are the share of every second"
    assert begun(100.0).next_start(101.3, 100.0, 0.4, R) == 101.3


def test_without_an_audience_only_a_panels_own_cost_delays_it() -> None:
    assert begun(100.0).next_start(100.5, 100.0, 0.0, 0.0) == 100.5
    assert begun(100.0).next_start(100.1, 100.0, 0.4, 0.0) == 101.0


moments = st.floats(0, 1)


@fuzzed
@given(st.lists(moments, min_size=2, max_size=60), st.floats(0.1, 1.0))
def test_however_requests_arrive_a_panel_has_at_most_one_render_per_round_and_none_waits_longer(
    gaps: list[float], seconds: float
) -> None:
    round, now, last, starts = Round(), 100.0, None, []
    for gap in gaps:
        now += gap
        start = round.next_start(now, last, CHEAP, seconds)
        assert now <= start <= now + seconds
        now = last = start
        round.started(start, seconds)
        starts.append(start)
    assert all(b - a >= seconds * 0.999 for a, b in itertools.pairwise(starts))
