"""When a webhook is attempted again: pure functions of the attempt, its outcome, the time and a source of random numbers.

The waits are those of Standard Webhooks and Svix: a receiver has 28 hours to come back.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from .answer import GONE, Answer
from .errors import PostError

# Before the first attempt, the second and so on.
WAIT_SECONDS = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
MAX_ATTEMPTS = len(WAIT_SECONDS)
# Of each wait, in both directions, so that the retries of one outage do not arrive together.
JITTER = 0.2
# A receiver may ask for a longer wait than the planned one, up to this many times; without a limit, for years.
MAX_STRETCH = 2.0
# Too many requests, and gateways whose server is away or too slow.
SLOW_DOWN = frozenset({429, 502, 504})
FAILING_TOO_LONG = timedelta(days=5)


@dataclass(frozen=True)
class Delivered:
    """The receiver answered 2xx."""


@dataclass(frozen=True)
class Retry:
    """The next attempt is at `at`. With `slow_down` the receiver is overloaded, so its other deliveries can wait too."""

    at: datetime
    slow_down: bool = False


@dataclass(frozen=True)
class Exhausted:
    """The last attempt failed: a dead letter."""


@dataclass(frozen=True)
class Disabled:
    """The receiver answered 410 Gone: the endpoint is to be disabled."""


Next = Delivered | Retry | Exhausted | Disabled


def next_attempt(attempt: int, now: datetime, outcome: Answer | PostError, rng: random.Random) -> Next:
    """The step after attempt number `attempt`, the first of which is 1, that ended at `now` with `outcome`.

    `now` has a time zone. Raises ValueError for an attempt below 1.
    """
    if attempt < 1:
        raise ValueError("attempt counts from 1")
    answer = outcome if isinstance(outcome, Answer) else None
    if answer and answer.is_success:
        return Delivered()
    if answer and answer.status == GONE:
        return Disabled()
    if attempt >= MAX_ATTEMPTS:
        return Exhausted()
    planned = WAIT_SECONDS[attempt] * rng.uniform(1 - JITTER, 1 + JITTER)
    slow_down = answer is not None and answer.status in SLOW_DOWN
    asked = retry_after_seconds(answer.header("Retry-After"), now) if answer else None
    if asked is None:
        asked = planned * MAX_STRETCH if slow_down else planned
    return Retry(now + timedelta(seconds=min(max(asked, planned), planned * MAX_STRETCH)), slow_down)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """The wait that a header Retry-After asks for, in seconds or as a date; below 0 for a past date, None without one."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # HTTP dates are in GMT; a date with "-0000" has no zone in Python.
    return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()


def is_failing_too_long(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint is to be disabled: all attempts since `failing_since` failed, for 5 days. None: it works."""
    return failing_since is not None and now - failing_since >= FAILING_TOO_LONG
