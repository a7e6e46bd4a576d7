"""Missed rings: a safety drain that finds events counts one, unless their ring was only late."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from webapp.doorbell.missed_rings import MissedRings
from webapp.doorbell.quiet_mode import State
from webapp.observability.incidents import REMINDER_SECONDS

SAFETY = State.ASLEEP.value
WARNING = "safety drain found events without a ring"


@pytest.fixture
def counted() -> Callable[[], float]:
    """How many missed rings the metric has counted since the test began."""

    def total() -> float:
        return REGISTRY.get_sample_value("doorbell_missed_rings_total") or 0.0

    before = total()
    return lambda: total() - before


def test_a_safety_drain_that_finds_events_counts_one(counted: Callable[[], float]) -> None:
    missed = MissedRings()
    missed.drained(SAFETY, 7)
    missed.drained("waking", 0)
    assert counted() == 1, "one per drain, however many events it found"
    missed.drained(SAFETY, 0)
    missed.drained(SAFETY, 0)
    assert counted() == 1


def test_each_safety_drain_in_a_row_that_finds_events_counts(counted: Callable[[], float]) -> None:
    missed = MissedRings()
    for _ in range(3):
        missed.drained(SAFETY, 1)
    missed.drained(SAFETY, 0)
    assert counted() == 3


def test_a_ring_before_the_next_drain_was_late_and_not_missed(counted: Callable[[], float]) -> None:
    missed = MissedRings()
    missed.drained(SAFETY, 1)
    missed.received(1)
    missed.drained("ring", 0)
    assert counted() == 0


def test_a_wait_without_a_ring_does_not_excuse_the_missed_one(counted: Callable[[], float]) -> None:
    missed = MissedRings()
    missed.drained(SAFETY, 1)
    missed.received(0)
    missed.drained("waking", 0)
    assert counted() == 1


@pytest.mark.parametrize("reason", ["ring", "start", *(state.value for state in State if state is not State.ASLEEP)])
def test_events_of_any_other_drain_are_expected(counted: Callable[[], float], reason: str) -> None:
    missed = MissedRings()
    missed.drained(reason, 5)
    missed.drained(reason, 0)
    assert counted() == 0


def test_missed_rings_are_logged_at_once_and_then_once_per_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    missed = MissedRings(clock=lambda: now)

    def miss() -> int:
        missed.drained(SAFETY, 1)
        missed.drained("waking", 0)
        return caplog.text.count(WARNING)

    assert miss() == 1
    now = REMINDER_SECONDS - 1
    assert miss() == 1
    now = REMINDER_SECONDS
    assert miss() == 2
