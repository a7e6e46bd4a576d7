"""The measured costs of a process, with given clocks."""

from __future__ import annotations

import pytest

from webapp.panels.costs import (
    APP_TIMES,
    FIRST_REFETCH_SECONDS,
    MAX_RENDER_GROWTH,
    MIN_REFETCHES,
    REFETCH_BOUNDS,
    ProcessCosts,
    smoothed_render,
)
from webapp.panels.pacing import MIN_ROUND_SECONDS, PAGES_SHARE


class Machine:
    """A process whose clocks a test moves."""

    def __init__(self) -> None:
        self.now = self.cpu = 0.0
        self.costs = ProcessCosts(lambda: self.now, lambda: self.cpu)

    def work(
        self,
        refetches: int,
        cpu_seconds: float,
        viewers: int = 1_000,
        fan_out_seconds: float = 0.0,
        app_seconds: float = 0.0002,
    ) -> None:
        """One second. `app_seconds` is the app's part of each refetch."""
        for _ in range(refetches):
            self.costs.refetched(app_seconds)
        self.costs.fanned_out("acme", viewers, fan_out_seconds)
        self.now, self.cpu = self.now + 1.0, self.cpu + cpu_seconds
        self.costs.pacing(viewers)


def test_the_cost_of_a_refetch_approaches_the_cpu_time_per_refetch() -> None:
    machine = Machine()
    for _ in range(20):
        machine.work(1_000, 0.8, fan_out_seconds=0.1)
    assert machine.costs.refetch_seconds == pytest.approx(0.0007, rel=0.01), "fan-outs do not count"
    found = machine.costs.pacing(1_000)
    assert found.rounds * found.round_seconds == pytest.approx(1_000 * 0.0007 / PAGES_SHARE, rel=0.01)


def test_one_window_moves_the_cost_by_a_part_only() -> None:
    machine = Machine()
    for _ in range(20):
        machine.work(1_000, 0.5)
    machine.work(1_000, 1.0)
    assert 0.0005 < machine.costs.refetch_seconds < 0.0007


def test_a_round_of_several_windows_counts_as_a_whole() -> None:
    machine = Machine()
    for _ in range(20):
        machine.work(0, 0.9)
        machine.work(3_000, 0.9)
    assert machine.costs.refetch_seconds == pytest.approx(0.0006, rel=0.2)


def test_few_refetches_measure_nothing() -> None:
    machine = Machine()
    machine.work(MIN_REFETCHES - 1, 1.0)
    assert machine.costs.refetch_seconds == FIRST_REFETCH_SECONDS


def test_other_work_of_the_process_cannot_move_the_cost_far_from_what_the_app_measures() -> None:
    machine = Machine()
    for _ in range(100):
        machine.work(MIN_REFETCHES, 1.0)
    assert machine.costs.refetch_seconds == pytest.approx(APP_TIMES[1] * 0.0002)
    for _ in range(100):
        machine.work(MIN_REFETCHES, 1.0, app_seconds=0.01)
    assert machine.costs.refetch_seconds == REFETCH_BOUNDS[1]


def test_pages_of_tenants_without_signals_do_not_count() -> None:
    machine = Machine()
    for _ in range(3):
        machine.work(0, 0.0, viewers=5_000)
    busy = machine.costs.pacing(10).round_seconds
    machine.now += 5
    assert busy > machine.costs.pacing(10).round_seconds == MIN_ROUND_SECONDS


def test_a_lower_cost_of_a_render_counts_at_once_and_a_higher_one_slowly() -> None:
    assert smoothed_render(None, 0.2) == 0.2
    assert smoothed_render(0.2, 0.01) == 0.01
    assert smoothed_render(0.01, 0.2) == 0.01 * MAX_RENDER_GROWTH
    cost = 0.0
    for _ in range(40):
        cost = smoothed_render(cost, 0.2)
    assert cost == 0.2
