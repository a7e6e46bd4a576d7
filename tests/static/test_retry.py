"""retry.js: the waits between repetitions, and one repetition at a time."""

from __future__ import annotations

import pytest

from .conftest import Scripts

pytestmark = pytest.mark.browser

FIRST_MS, LONGEST_MS = 1_000, 4_000
RETRY = f"""
    window.attempts = 0;
    window.retry = new retry.Retry(() => {{ window.attempts += 1; }}, [{FIRST_MS}, {LONGEST_MS}]);
"""


def attempts(scripts: Scripts) -> int:
    return int(scripts.page.evaluate("window.attempts"))


@pytest.mark.parametrize(("failures", "full_ms"), [(0, 1_000), (1, 2_000), (2, 4_000), (3, 4_000), (2_000, 4_000)])
def test_a_wait_is_half_to_all_of_a_time_that_doubles_up_to_the_longest(
    scripts: Scripts, failures: int, full_ms: int
) -> None:
    waits = []
    for value in (0, 0.5, 1):
        scripts.fix_random(value)
        waits.append(scripts.run("retry.js", f"return retry.waitMs(given, [{FIRST_MS}, {LONGEST_MS}])", failures))
    assert waits == [full_ms / 2, full_ms * 0.75, full_ms]


def test_the_waits_of_many_pages_are_spread(scripts: Scripts) -> None:
    body = f"return Array.from({{ length: 200 }}, () => retry.waitMs(0, [{FIRST_MS}, {LONGEST_MS}]))"
    waits = scripts.run("retry.js", body)
    assert min(waits) >= FIRST_MS / 2
    assert max(waits) <= FIRST_MS
    assert max(waits) - min(waits) > FIRST_MS / 4


def test_each_repetition_waits_twice_as_long_as_the_one_before(scripts: Scripts) -> None:
    scripts.fix_random(1)
    scripts.run("retry.js", RETRY)
    for number, wait_ms in enumerate((1_000, 2_000, 4_000, 4_000)):
        scripts.page.evaluate("window.retry.schedule()")
        scripts.pass_time(wait_ms - 1)
        assert attempts(scripts) == number
        scripts.pass_time(1)
        assert attempts(scripts) == number + 1


def test_after_a_success_the_wait_is_the_first_one_again(scripts: Scripts) -> None:
    scripts.fix_random(1)
    scripts.run("retry.js", RETRY)
    for _ in range(3):
        scripts.page.evaluate("window.retry.schedule()")
        scripts.pass_time(LONGEST_MS)
    scripts.page.evaluate("window.retry.reset(); window.retry.schedule()")
    scripts.pass_time(FIRST_MS)
    assert attempts(scripts) == 4


def test_failures_while_a_repetition_is_scheduled_cause_no_other(scripts: Scripts) -> None:
    scripts.fix_random(1)
    scripts.run("retry.js", RETRY)
    scripts.page.evaluate("for (let n = 0; n < 5; n++) window.retry.schedule()")
    scripts.pass_time(10 * LONGEST_MS)
    assert attempts(scripts) == 1
    scripts.page.evaluate("window.retry.schedule()")
    scripts.pass_time(2 * FIRST_MS)
    assert attempts(scripts) == 2, "the wait has doubled once, not five times"


def test_an_attempt_that_fails_schedules_the_next(scripts: Scripts) -> None:
    scripts.fix_random(1)
    body = f"const again = new retry.Retry(() => {{ window.attempts += 1; again.schedule(); }}, [{FIRST_MS}, {LONGEST_MS}]);"
    scripts.run("retry.js", f"window.attempts = 0; {body} again.schedule();")
    scripts.pass_time(1_000 + 2_000 + 4_000)
    assert attempts(scripts) == 3
