"""Targets and their pace: the course of a day, working days, holidays, clock changes, the team and its people."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.queries import target_progress
from webapp.queries.target_progress import TargetProgress, periods_of
from webapp.queries.work_calendar import WorkCalendar, part_of_day

from ..support.figures import NOON, refund, tenant
from ..support.targets import course, holiday, target
from ..support.world import World

pytestmark = pytest.mark.usefixtures("app_context")

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_SIX = [0.0] * 24  # no history


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("clock", "part"), [("00:00", 0), ("09:00", 0), ("13:30", 0.5), ("18:00", 1), ("23:59", 1), ("10:00", 1 / 9)]
)
def test_without_history_a_day_is_spread_evenly_from_nine_to_six(clock: str, part: float) -> None:
    assert part_of_day(NINE_TO_SIX, at(f"2026-06-10T{clock}+02:00"), BERLIN) == pytest.approx(part)


def test_with_history_a_day_takes_its_usual_course() -> None:
    hours = [0.0] * 24
    hours[8], hours[20], hours[3] = 300, 100, -50  # an hour with more refunds than sales counts as none
    assert part_of_day(hours, at("2026-06-10T08:30+02:00"), BERLIN) == pytest.approx(0.375)
    assert part_of_day(hours, at("2026-06-10T12:00+02:00"), BERLIN) == pytest.approx(0.75)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_part_of_a_day_never_decreases_on_a_clock_change(day: str) -> None:
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=BERLIN).astimezone(ZoneInfo("UTC"))
    parts = [part_of_day([1.0] * 24, start + timedelta(minutes=10 * n), BERLIN) for n in range(23 * 6)]
    assert parts == sorted(parts)
    assert 0 <= parts[0] < parts[-1] <= 1


def test_periods_are_the_day_the_week_from_monday_and_the_month() -> None:
    assert periods_of(date(2026, 3, 1)) == {
        "day": (date(2026, 3, 1), date(2026, 3, 1)),
        "week": (date(2026, 2, 23), date(2026, 3, 1)),
        "month": (date(2026, 3, 1), date(2026, 3, 31)),
    }


def test_working_days_are_counted_without_free_weekdays_and_holidays() -> None:
    calendar = WorkCalendar(frozenset({1, 2, 3, 4, 5}), {date(2026, 6, 10): "Fair", date(2026, 6, 13): "On a Saturday"})
    assert calendar.count(date(2026, 6, 8), date(2026, 6, 14)) == 4
    assert calendar.count(date(2026, 6, 14), date(2026, 6, 8)) == 0


def progress(tenant_id: int, now: datetime = NOON, owner: int | None = None) -> TargetProgress:
    return target_progress.read(tenant(tenant_id), now, owner)


def test_without_a_target_there_is_no_progress(world: World) -> None:
    assert progress(world.tenant()) == TargetProgress()


def test_a_days_target_is_compared_with_what_should_be_reached_by_now(world: World) -> None:
    acme = world.tenant()
    target(world, acme, "day", 9000)
    order = world.order(acme, 2500, placed_at=NOON, paid_at="2026-06-10 10:00+02")
    refund(world, order, 500, "2026-06-10 11:00+02")
    (day,) = progress(acme).periods  # noon is a third of nine to six
    assert (day.period, day.reached_minor, day.expected_minor, day.ahead_minor) == ("day", 2000, 3000, -1000)
    assert not day.is_reached


def test_the_usual_course_comes_from_the_rollups_of_the_days_before(world: World) -> None:
    acme = world.tenant()
    target(world, acme, "day", 1000)
    course(world, acme, NOON.date(), days=5, hours={8: 300, 20: 700})
    (day,) = progress(acme).periods
    assert day.expected_minor == 300
    course(world, acme, NOON.date(), days=4, hours={8: 300, 20: 700})
    assert progress(acme).periods[0].expected_minor == 333, "four days are too few"


def test_a_week_and_a_month_are_spread_over_their_working_days(world: World) -> None:
    acme = world.tenant()  # NOON is a Wednesday
    target(world, acme, "week", 5000)
    target(world, acme, "month", 22000)  # 22 working days, of which seven are before today
    for day, amount in (("2026-06-01", 700), ("2026-06-08", 1000), ("2026-06-09", 500), ("2026-05-31", 9999)):
        world.conn.execute("INSERT INTO rollups_daily VALUES (%s, %s, 0, 1, 1, %s)", [acme, day, amount])
    world.order(acme, 250, paid_at=NOON)
    week, month = progress(acme).periods
    assert (week.first, week.last, month.last) == (date(2026, 6, 8), date(2026, 6, 14), date(2026, 6, 30))
    assert (week.reached_minor, week.expected_minor) == (1750, 2333)  # two days and a third
    assert (month.reached_minor, month.expected_minor) == (2450, 7333)


def test_a_holiday_has_no_target_and_its_weeks_target_is_spread_over_the_other_days(world: World) -> None:
    acme = world.tenant()
    target(world, acme, "day", 1000)
    target(world, acme, "week", 4000)
    holiday(world, acme, "2026-06-10", "Company fair")
    found = progress(acme)
    assert (found.holiday, found.is_working_day) == ("Company fair", False)
    assert [(each.period, each.expected_minor) for each in found.periods] == [("week", 2000)]
    assert progress(acme, NOON + timedelta(days=1)).periods[0].period == "day", "guard: the day after has one"


def test_a_free_weekday_has_no_target_and_no_pace_without_any_working_day(world: World) -> None:
    acme = world.tenant()
    target(world, acme, "day", 1000)
    target(world, acme, "week", 5000)
    saturday = NOON + timedelta(days=3)
    found = progress(acme, saturday)
    assert [(each.period, each.expected_minor) for each in found.periods] == [("week", 5000)]
    world.conn.execute("UPDATE tenants SET working_days = '{}'")
    assert [(each.period, each.ahead_minor) for each in progress(acme, saturday).periods] == [("week", None)]


def test_a_salesperson_has_targets_and_revenue_of_her_own(world: World) -> None:
    acme = world.tenant()
    ana, ben = world.user(acme, "Ana Silva"), world.user(acme, "Ben Okafor")
    target(world, acme, "day", 9000)
    target(world, acme, "day", 900, owner=ana)
    for owner, amount in ((ana, 400), (ben, 5000), (None, 70)):
        world.order(acme, amount, owner_id=owner, paid_at=NOON)
    assert [(day.target_minor, day.reached_minor) for day in progress(acme, owner=ana).periods] == [(900, 400)]
    assert [(day.target_minor, day.reached_minor) for day in progress(acme).periods] == [(9000, 5470)]
    assert progress(acme, owner=ben).periods == ()


def test_the_day_is_that_of_the_companys_zone(world: World) -> None:
    acme = world.tenant(timezone="Pacific/Kiritimati")
    target(world, acme, "day", 1000)
    now = at("2026-06-10T23:30+14:00")
    world.order(acme, 300, paid_at="2026-06-10 00:30+14")
    world.order(acme, 999, paid_at="2026-06-09 23:30+14")
    (day,) = progress(acme, now).periods
    assert (day.first, day.reached_minor, day.expected_minor) == (date(2026, 6, 10), 300, 1000)


def test_targets_of_another_company_do_not_count(world: World) -> None:
    acme, other = world.tenant(), world.tenant("other")
    target(world, other, "day", 1000)
    world.order(other, 100, paid_at=NOON)
    assert progress(acme) == TargetProgress()
    assert progress(other).periods[0].reached_minor == 100
