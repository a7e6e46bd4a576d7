"""Back-off: the waits double up to a bound, vary at random, and are short again after a success."""

from __future__ import annotations

import random

import pytest

from webapp.concurrency.backoff import MAX_SECONDS, MIN_SECONDS, Backoff


@pytest.fixture
def without_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait has its full length."""
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)


def test_each_wait_doubles_up_to_the_maximum(without_jitter: None) -> None:
    backoff = Backoff()
    assert [backoff.next() for _ in range(6)] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_the_bounds_and_the_jitter_can_be_chosen() -> None:
    backoff = Backoff(1.0, 5.0, jitter=0.0)
    assert [backoff.next() for _ in range(4)] == [1.0, 2.0, 4.0, 5.0]
    backoff.reset()
    assert backoff.next() == 1.0


def test_a_reset_makes_the_next_wait_a_short_one(without_jitter: None) -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert [backoff.next(), backoff.next()] == [MIN_SECONDS, 2 * MIN_SECONDS]


def test_jitter_shortens_a_wait_to_half_at_most() -> None:
    first = [Backoff().next() for _ in range(1000)]
    assert all(MIN_SECONDS / 2 <= wait <= MIN_SECONDS for wait in first)
    assert max(first) - min(first) > MIN_SECONDS / 4, "the waits vary"


def test_jitter_does_not_change_the_growth() -> None:
    backoff = Backoff()
    for _ in range(4):
        backoff.next()
    waits = [backoff.next() for _ in range(100)]
    assert all(MAX_SECONDS / 2 <= wait <= MAX_SECONDS for wait in waits)
