"""The limits between a commit and a screen: monotone in costs and audience, and within their bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.panels import pacing
from webapp.panels.pacing import CROWD_THRESHOLD, Pacing, fan_out_seconds, render_seconds

from ..support.fuzzing import fuzzed

costs = st.floats(0, 10)
viewers = st.integers(0, 100_000)
requests = st.floats(0, 1_000_000)


def refetch_seconds(found: Pacing) -> float:
    """From one refetch of a page to the next."""
    return found.rounds * found.round_seconds


def values(found: Pacing) -> tuple[float, float, float]:
    return refetch_seconds(found), found.page_seconds, found.jitter_seconds


@fuzzed
@given(costs, viewers, requests)
def test_every_limit_is_within_its_bounds(cost: float, viewers: int, requests: float) -> None:
    found = pacing.pacing(cost, viewers, requests)
    assert found.round_seconds == 0 or found.round_seconds >= pacing.MIN_ROUND_SECONDS
    assert refetch_seconds(found) <= pacing.MAX_REFETCH_SECONDS
    assert found.page_seconds >= pacing.MIN_ROUND_SECONDS * pacing.PAGE_PART
    assert 0 <= found.jitter_seconds <= found.page_seconds
    assert 0 <= render_seconds(cost) <= pacing.MAX_RENDER_SECONDS
    pause = fan_out_seconds(cost, viewers)
    assert pause == 0 or pacing.MIN_FAN_OUT_SECONDS <= pause <= pacing.MAX_FAN_OUT_SECONDS


@fuzzed
@given(costs, costs, viewers, requests)
def test_a_dearer_refetch_render_or_fan_out_never_shortens_a_limit(
    one: float, other: float, viewers: int, requests: float
) -> None:
    cheap, dear = sorted((one, other))
    few, many = (values(pacing.pacing(cost, viewers, requests)) for cost in (cheap, dear))
    assert all(a <= b for a, b in zip(few, many, strict=True))
    assert render_seconds(cheap) <= render_seconds(dear)
    assert fan_out_seconds(cheap, viewers) <= fan_out_seconds(dear, viewers)


@fuzzed
@given(costs, st.integers(CROWD_THRESHOLD + 1, 100_000), st.integers(CROWD_THRESHOLD + 1, 100_000), requests, requests)
def test_a_larger_audience_never_shortens_a_limit(
    cost: float, one: int, other: int, others_one: float, others_two: float
) -> None:
    small, large = sorted((one, other))
    less, more = sorted((others_one, others_two))
    few, many = values(pacing.pacing(cost, small, less)), values(pacing.pacing(cost, large, more))
    assert all(a <= b for a, b in zip(few, many, strict=True))
    assert fan_out_seconds(cost, small) <= fan_out_seconds(cost, large)


@fuzzed
@given(st.floats(0.00001, 0.01), st.integers(1, 100_000))
def test_the_pages_of_a_tenant_stay_within_their_share_of_a_core(cost: float, viewers: int) -> None:
    found = pacing.pacing(cost, viewers)
    cores = pacing.requests_per_turn(viewers) * cost / refetch_seconds(found)
    assert cores <= pacing.PAGES_SHARE * 1.001 or refetch_seconds(found) == pacing.MAX_REFETCH_SECONDS


@fuzzed
@given(st.floats(0.00001, 0.01), st.integers(1, 100_000))
def test_a_page_asks_in_the_last_of_its_rounds_so_that_its_request_waits_for_the_next_turn(
    cost: float, viewers: int
) -> None:
    found = pacing.pacing(cost, viewers)
    assert 1 <= found.rounds <= pacing.MAX_ROUNDS
    assert (found.rounds - 1) * found.round_seconds < found.page_seconds < refetch_seconds(found)


@fuzzed
@given(st.floats(0.0001, pacing.MAX_RENDER_SECONDS * pacing.PANEL_SHARE))
def test_the_renders_of_a_panel_stay_within_their_share_of_a_core(cost: float) -> None:
    assert cost / render_seconds(cost) <= pacing.PANEL_SHARE * 1.001


def test_few_viewers_of_cheap_panels_have_the_shortest_limits_and_a_crowd_a_jitter() -> None:
    assert pacing.pacing(0.0004, 1) == Pacing(0.35, 1, 0.0)
    assert pacing.pacing(0.0004, CROWD_THRESHOLD).jitter_seconds == 0
    assert pacing.pacing(0.0004, 100) == Pacing(0.35, 1, 0.04)
    many = pacing.pacing(0.0004, 1_000)
    assert 0.6 < many.round_seconds < 0.7
    assert many.jitter_seconds == 0.4
    assert [fan_out_seconds(0.01, n) for n in (10, CROWD_THRESHOLD, CROWD_THRESHOLD + 1)] == [0, 0, 0.1]


def test_the_pages_of_a_large_crowd_take_turns_over_up_to_three_rounds() -> None:
    turns = [pacing.pacing(0.0005, viewers) for viewers in (CROWD_THRESHOLD, 900, 1_000, 1_400, 5_000)]
    assert [found.rounds for found in turns] == [1, 1, 2, 3, 3]
    assert turns[2].round_seconds == pytest.approx(1_000 * 0.0005 / pacing.PAGES_SHARE / 2)


def test_the_tenants_of_a_process_slow_each_other_down() -> None:
    alone = pacing.pacing(0.0004, 100)
    assert pacing.pacing(0.0004, 100, requests=2_000).round_seconds > alone.round_seconds


def test_a_frame_has_the_pace_and_in_a_crowd_the_jitter() -> None:
    assert pacing.pacing(0.0004, 3).fields() == {"pace": 262}
    assert pacing.pacing(0.00065, 1_000).fields() == {"pace": 875, "jitter": 650}
