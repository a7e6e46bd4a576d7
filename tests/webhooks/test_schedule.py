"""The schedule of attempts: its waits, the limits of Retry-After, and what ends it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.webhooks.answer import Answer
from webapp.webhooks.errors import CannotConnect, DeadlineExceeded, PostError
from webapp.webhooks.schedule import (
    JITTER,
    MAX_ATTEMPTS,
    MAX_STRETCH,
    WAIT_SECONDS,
    Delivered,
    Disabled,
    Exhausted,
    Retry,
    is_failing_too_long,
    next_attempt,
    retry_after_seconds,
)

from ..support.fuzzing import TEXTS, fuzzed

NOW = datetime(2026, 11, 26, 22, 0, tzinfo=UTC)
FAULT = CannotConnect("Could not connect to example.com: the connection was refused.")
ATTEMPTS = st.integers(1, MAX_ATTEMPTS - 1)
SEEDS = st.integers(0, 2**32)


class Middle(random.Random):
    """Without jitter."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def answer(status: int, retry_after: str | None = None) -> Answer:
    headers = () if retry_after is None else (("retry-after", retry_after),)
    return Answer(status, headers, b"", False, 12, "93.184.216.34")


def wait(attempt: int, outcome: Answer | PostError, rng: random.Random | None = None) -> float:
    """The seconds from the end of an attempt to the next one."""
    following = next_attempt(attempt, NOW, outcome, rng or Middle())
    assert isinstance(following, Retry)
    return (following.at - NOW).total_seconds()


def test_the_waits_are_those_of_the_documentation() -> None:
    assert [wait(n, FAULT) for n in range(1, 8)] == [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]
    assert WAIT_SECONDS[0] == 0, "the first attempt is at once"


def test_the_eighth_failure_is_the_last() -> None:
    assert isinstance(next_attempt(7, NOW, FAULT, Middle()), Retry)
    for outcome in (FAULT, answer(500), answer(503, "1")):
        assert next_attempt(8, NOW, outcome, Middle()) == Exhausted()
    assert next_attempt(8, NOW, answer(200), Middle()) == Delivered()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert next_attempt(1, NOW, answer(status), Middle()) == Delivered()


@pytest.mark.parametrize("status", [101, 301, 302, 304, 307, 308, 400, 401, 404, 408, 500, 503, 999])
def test_any_other_status_is_tried_again_redirects_included(status: int) -> None:
    assert next_attempt(1, NOW, answer(status), Middle()) == Retry(NOW + timedelta(seconds=5))


@pytest.mark.parametrize("attempt", [1, 4, 8])
def test_410_disables_the_endpoint_at_any_attempt(attempt: int) -> None:
    assert next_attempt(attempt, NOW, answer(410, "10"), Middle()) == Disabled()


@pytest.mark.parametrize("status", [429, 502, 504])
def test_an_overloaded_receiver_is_tried_later_and_marked(status: int) -> None:
    assert next_attempt(2, NOW, answer(status), Middle()) == Retry(NOW + timedelta(seconds=600), slow_down=True)
    assert next_attempt(2, NOW, answer(status, "400"), Middle()) == Retry(NOW + timedelta(seconds=400), slow_down=True)


def test_no_wait_follows_from_a_deadline_other_than_the_planned_one() -> None:
    assert next_attempt(2, NOW, DeadlineExceeded("late"), Middle()) == Retry(NOW + timedelta(seconds=300))


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("400", 400),
        (" 400 ", 400),
        ("0", 300),
        ("299", 300),
        ("601", 600),
        ("31536000", 600),
        ("9" * 5_000, 600),
        ("-5", 300),
        ("1e9", 300),
        ("٤٠٠", 300),
        ("400, 500", 300),
        ("soon", 300),
        ("", 300),
        (format_datetime(NOW + timedelta(seconds=450), usegmt=True), 450),
        (format_datetime(NOW + timedelta(days=365), usegmt=True), 600),
        (format_datetime(NOW - timedelta(days=365), usegmt=True), 300),
        ("Thursday, 26-Nov-26 22:07:30 GMT", 450),
        ("Thu Nov 26 22:07:30 2026", 450),
        ("Thu, 26 Nov 2026 22:07:30 -0000", 450),
        ("Thu, 26 Nov 2026 23:07:30 +0100", 450),
        ("Thu, 99 Nov 2026 22:07:30 GMT", 300),
        ("Thu, 26 Nov 99999999999 22:07:30 GMT", 300),
    ],
)
def test_retry_after_counts_between_the_planned_wait_and_twice_that(asked: str, seconds: float) -> None:
    assert wait(2, answer(503, asked)) == seconds


def test_a_date_is_read_in_any_time_zone_of_the_caller() -> None:
    asked = format_datetime(NOW + timedelta(seconds=450), usegmt=True)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=13)))
    assert retry_after_seconds(asked, NOW) == retry_after_seconds(asked, elsewhere) == 450


@fuzzed
@given(attempt=ATTEMPTS, seed=SEEDS, status=st.integers(100, 599), asked=st.none() | TEXTS)
def test_no_answer_moves_an_attempt_beyond_its_bounds(attempt: int, seed: int, status: int, asked: str | None) -> None:
    following = next_attempt(attempt, NOW, answer(status, asked), random.Random(seed))
    if isinstance(following, Retry):
        planned = WAIT_SECONDS[attempt]
        seconds = (following.at - NOW).total_seconds()
        assert planned * (1 - JITTER) - 1e-3 <= seconds <= planned * (1 + JITTER) * MAX_STRETCH + 1e-3
    else:
        assert following == (Disabled() if status == 410 else Delivered())


@fuzzed
@given(attempt=ATTEMPTS, seed=SEEDS, asked=st.integers(0, 10**9))
def test_retry_after_never_shortens_and_at_most_doubles_the_same_random_wait(
    attempt: int, seed: int, asked: int
) -> None:
    plain = wait(attempt, FAULT, random.Random(seed))
    stretched = wait(attempt, answer(503, str(asked)), random.Random(seed))
    assert plain - 1e-3 <= stretched <= plain * 2 + 1e-3
    assert stretched == pytest.approx(min(max(asked, plain), plain * 2), abs=1e-3)


@fuzzed
@given(seed=SEEDS)
def test_a_receiver_that_is_away_has_more_than_22_and_less_than_34_hours(seed: int) -> None:
    rng = random.Random(seed)
    hours = sum(wait(n, FAULT, rng) for n in range(1, MAX_ATTEMPTS)) / 3600
    assert 22 < hours < 34


def test_the_jitter_spreads_the_retries_of_one_outage() -> None:
    rng = random.Random(1)
    waits = [wait(2, FAULT, rng) for _ in range(1_000)]
    assert min(waits) < 250
    assert max(waits) > 350
    assert 295 < sum(waits) / len(waits) < 305


@fuzzed
@given(value=TEXTS)
def test_any_text_in_retry_after_is_read_without_an_error(value: str) -> None:
    seconds = retry_after_seconds(value, NOW)
    assert seconds is None or seconds == seconds


def test_attempts_count_from_one() -> None:
    with pytest.raises(ValueError, match="counts from 1"):
        next_attempt(0, NOW, FAULT, Middle())


def test_an_endpoint_is_failing_too_long_after_five_days_in_a_row() -> None:
    assert not is_failing_too_long(None, NOW)
    assert not is_failing_too_long(NOW - timedelta(days=5) + timedelta(seconds=1), NOW)
    assert is_failing_too_long(NOW - timedelta(days=5), NOW)
    assert not is_failing_too_long(NOW + timedelta(days=1), NOW), "a clock that was set back disables nothing"
