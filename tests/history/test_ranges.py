"""Presets, the range before, the year before, and the periods of a range."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from webapp.history import periods as units
from webapp.history.periods import DateWindow, Period
from webapp.history.ranges import YEAR, Range, RangeStep, of_dates, of_preset

TODAY = date(2026, 11, 27)  # a Friday
BERLIN = ZoneInfo("Europe/Berlin")


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("preset", "first", "last", "before"),
    [
        ("today", "2026-11-27", "2026-11-27", ("2026-11-26", "2026-11-26")),
        ("yesterday", "2026-11-26", "2026-11-26", ("2026-11-25", "2026-11-25")),
        ("last_7", "2026-11-21", "2026-11-27", ("2026-11-14", "2026-11-20")),
        ("last_30", "2026-10-29", "2026-11-27", ("2026-09-29", "2026-10-28")),
        ("week", "2026-11-23", "2026-11-27", ("2026-11-16", "2026-11-20")),
        ("month", "2026-11-01", "2026-11-27", ("2026-10-01", "2026-10-27")),
        ("quarter", "2026-10-01", "2026-11-27", ("2026-07-01", "2026-08-27")),
        ("year", "2026-01-01", "2026-11-27", ("2025-01-01", "2025-11-27")),
        ("last_month", "2026-10-01", "2026-10-31", ("2026-09-01", "2026-09-30")),
        ("last_quarter", "2026-07-01", "2026-09-30", ("2026-04-01", "2026-06-30")),
        ("last_year", "2025-01-01", "2025-12-31", ("2024-01-01", "2024-12-31")),
    ],
)
def test_a_preset_has_its_days_and_those_before(preset: str, first: str, last: str, before: tuple[str, str]) -> None:
    found = of_preset(preset, TODAY)
    assert (found.first, found.last) == (day(first), day(last))
    noon = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)
    assert found.previous is not None
    window = units.whole_window(found, found.previous, noon, BERLIN)
    assert (window.first, window.last) == (day(before[0]), day(before[1]))
    assert (window.until is None) == (not found.first <= TODAY < found.end)


def test_weeks_begin_on_monday_as_on_the_orders_page() -> None:
    assert of_preset("week", TODAY).first == day("2026-11-23")
    wanted = of_dates(day("2026-11-01"), day("2026-11-15"))
    assert units.starts(wanted, "week") == [day("2026-11-01"), day("2026-11-02"), day("2026-11-09")]
    assert units.starts(wanted, "month") == [day("2026-11-01")]


def test_whole_months_are_compared_with_whole_months_and_other_ranges_with_as_many_days() -> None:
    assert of_dates(day("2026-02-01"), day("2026-03-31")).previous == RangeStep(months=2)
    assert of_dates(day("2026-02-01"), day("2026-03-30")).previous == RangeStep(days=58)


def test_29_february_has_no_day_a_year_before() -> None:
    assert (YEAR.back(day("2024-02-29")), YEAR.has(day("2024-02-29"))) == (day("2023-03-01"), False)
    found = compared(of_dates(day("2024-02-28"), day("2024-03-01")), YEAR, "day")
    assert found == [
        DateWindow(day("2023-02-28"), day("2023-03-01")),
        None,
        DateWindow(day("2023-03-01"), day("2023-03-02")),
    ]
    february = compared(of_dates(day("2024-02-01"), day("2024-02-29")), YEAR, "month")
    assert february == [DateWindow(day("2023-02-01"), day("2023-03-01"))]
    after = compared(of_dates(day("2025-02-01"), day("2025-02-28")), YEAR, "month")
    assert after == [DateWindow(day("2024-02-01"), day("2024-03-01"))]


def test_the_days_of_a_month_are_compared_one_to_one() -> None:
    found = compared(of_dates(day("2026-03-28"), day("2026-03-31")), RangeStep(months=1), "day")
    assert found == [DateWindow(day("2026-02-28"), day("2026-03-01")), None, None, None]
    found = compared(of_dates(day("2026-02-01"), day("2026-02-28")), RangeStep(months=1), "day")
    assert found[-1] == DateWindow(day("2026-01-28"), day("2026-01-29")), "29 to 31 January are only in the total"


def compared(wanted: Range, step: RangeStep, unit: str) -> list[DateWindow | None]:
    whole = units.whole_window(wanted, step, datetime(2030, 1, 1, tzinfo=UTC), BERLIN)
    return [period.compared for period in units.periods(wanted, unit, date(2030, 1, 1), step, whole)]


def test_an_unfinished_period_is_compared_with_the_same_part() -> None:
    now = datetime(2026, 11, 27, 13, 31, 40, tzinfo=UTC)  # 14:31 in Berlin
    wanted = of_preset("month", TODAY)
    step = RangeStep(months=1)
    whole = units.whole_window(wanted, step, now, BERLIN)
    assert whole == DateWindow(day("2026-10-01"), day("2026-10-28"), datetime(2026, 10, 27, 14, 31))
    (found,) = units.periods(wanted, "month", TODAY, step, whole)
    assert found == Period(day("2026-11-01"), day("2026-11-28"), True, whole)
    days = units.periods(wanted, "day", TODAY, step, whole)
    assert [each.is_unfinished for each in days[-2:]] == [False, True]
    assert days[-1].compared == DateWindow(day("2026-10-27"), day("2026-10-28"), datetime(2026, 10, 27, 14, 31))
    assert days[-2].compared == DateWindow(day("2026-10-26"), day("2026-10-27"))


def test_on_the_31st_a_shorter_month_is_compared_as_a_whole() -> None:
    now = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)
    wanted = of_preset("month", date(2026, 3, 31))
    assert units.whole_window(wanted, RangeStep(months=1), now, BERLIN) == DateWindow(
        day("2026-02-01"), day("2026-03-01")
    )


def test_the_default_unit_follows_the_length() -> None:
    assert [units.default_unit(days) for days in (1, 31, 92, 93, 184, 365)] == [
        "day",
        "day",
        "day",
        "week",
        "week",
        "month",
    ]
