"""The interval between drains follows what a drain costs, within its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.doorbell.drain_pace import MEASURED_DRAINS, SHARE, SHORTEST_SECONDS, DrainPace

LONGEST = 0.05

costs = st.floats(0, 10, allow_nan=False)
drains = st.lists(st.tuples(st.integers(0, 3), costs), max_size=40)


def pace_after(*took: float) -> DrainPace:
    pace = DrainPace(LONGEST)
    for seconds in took:
        pace.drained(1, seconds)
    return pace


def test_before_the_first_drain_with_events_the_interval_is_the_longest() -> None:
    pace = DrainPace(LONGEST)
    assert pace.interval == LONGEST
    pace.drained(0, 0.001)
    assert pace.interval == LONGEST


def test_drains_take_their_share_of_the_time_and_no_more() -> None:
    pace = pace_after(0.002)
    assert 0.002 / (0.002 + pace.interval) == pytest.approx(SHARE)


@pytest.mark.parametrize(("cost", "interval"), [(0.0001, SHORTEST_SECONDS), (0.1, LONGEST)])
def test_the_interval_has_a_lower_and_an_upper_bound(cost: float, interval: float) -> None:
    assert pace_after(cost).interval == interval


def test_one_slow_drain_among_many_changes_nothing() -> None:
    steady = pace_after(*[0.001] * MEASURED_DRAINS)
    before = steady.interval
    steady.drained(1, 5.0)
    assert steady.interval == before


def test_the_first_empty_drain_keeps_the_interval_and_each_further_one_doubles_it() -> None:
    pace = pace_after(0.0001)
    intervals = []
    for _ in range(6):
        pace.drained(0, 0.0001)
        intervals.append(pace.interval)
    assert intervals == pytest.approx([0.005, 0.01, 0.02, 0.04, 0.05, 0.05])
    pace.drained(1, 0.0001)
    assert pace.interval == SHORTEST_SECONDS


def test_a_longest_interval_below_the_shortest_is_kept() -> None:
    pace = DrainPace(0.001)
    pace.drained(1, 0.01)
    assert pace.interval == 0.001


@given(drains)
def test_after_any_drains_the_interval_is_within_its_bounds(history: list[tuple[int, float]]) -> None:
    pace = DrainPace(LONGEST)
    for events, seconds in history:
        pace.drained(events, seconds)
        assert SHORTEST_SECONDS <= pace.interval <= LONGEST


@given(st.lists(costs, min_size=1, max_size=20), st.floats(0, 1))
def test_dearer_drains_never_shorten_the_interval(took: list[float], more: float) -> None:
    assert pace_after(*(seconds + more for seconds in took)).interval >= pace_after(*took).interval
