"""Progress towards the sales targets of the present day, week and month, and the pace: what should be reached by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from ..db import db
from ..language import lazy_gettext
from ..models import PERIODS, Tenant
from .day import Today, today
from .work_calendar import FIRST_HOUR, LAST_HOUR, WorkCalendar, part_of_day

# The days before today whose revenue by hour is the usual course of a day, and how many of them must have revenue.
COURSE_DAYS, MIN_COURSE_DAYS = 14, 5
DEFINITION = lazy_gettext(
    "The pace compares the revenue with the part of the target that is usually reached by now. A day's target is spread over"
    " the day as the revenue of the last %(days)s days was, or evenly from %(first)s:00 to %(last)s:00"
    " until there are %(min_days)s days of sales. A week's or month's target is spread evenly over its working days;"
    " weeks begin on Monday. Holidays and days off have no target.",
    days=COURSE_DAYS,
    first=FIRST_HOUR,
    last=LAST_HOUR + 1,
    min_days=MIN_COURSE_DAYS,
)

# The revenue by hour of the clock in the days before today, and the number of these days with revenue.
COURSE_SQL = """
    SELECT jsonb_object_agg(clock_hour, revenue) AS course, max(days) AS course_days
    FROM (
        SELECT extract(hour FROM hour)::int AS clock_hour, sum(revenue_minor)::bigint AS revenue,
               (SELECT count(DISTINCT day) FROM rollups_daily
                 WHERE tenant_id = :tenant AND day >= :course_from AND day < :date AND revenue_minor > 0) AS days
        FROM rollups_hourly WHERE tenant_id = :tenant AND hour >= :course_from AND hour < :date GROUP BY 1
    ) AS hours
"""
# Served by uq_sales_targets, pk_tenants and pk_holidays. Without a target nothing else is read.
SETTINGS_SQL = text("""
    SELECT targets.amounts, tenants.working_days,
           (SELECT jsonb_object_agg(day, name) FROM holidays
             WHERE tenant_id = :tenant AND day BETWEEN :first AND :last) AS holidays
    FROM tenants CROSS JOIN (
        SELECT jsonb_object_agg(period, amount_minor) AS amounts FROM sales_targets
        WHERE tenant_id = :tenant AND coalesce(owner_id, 0) = coalesce(CAST(:owner AS bigint), 0)
    ) AS targets
    WHERE tenants.id = :tenant AND targets.amounts IS NOT NULL
""")
# Served by pk_rollups_daily, pk_rollups_hourly, ix_orders_paid and ix_order_events_refunds. The days before today come from the
# rollups.
REACHED_SQL = text(f"""
    SELECT past.*, course.*, present.*
    FROM (
        SELECT coalesce(sum(revenue_minor) FILTER (WHERE day >= :week), 0)::bigint AS before_in_week,
               coalesce(sum(revenue_minor) FILTER (WHERE day >= :month), 0)::bigint AS before_in_month
        FROM rollups_daily WHERE tenant_id = :tenant AND day >= :first AND day < :date
          AND (CAST(:owner AS bigint) IS NULL OR owner_id = :owner)
    ) AS past
    CROSS JOIN LATERAL (
        {COURSE_SQL}
    ) AS course
    CROSS JOIN LATERAL (
        SELECT coalesce(CAST(:made_today AS bigint), sum(amount), 0)::bigint AS made_today FROM (
            SELECT total_minor AS amount FROM orders
            WHERE CAST(:made_today AS bigint) IS NULL AND tenant_id = :tenant AND paid_at >= :start AND paid_at < :end
              AND (CAST(:owner AS bigint) IS NULL OR owner_id = :owner)
            UNION ALL
            SELECT -e.amount_minor FROM order_events e JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
            WHERE CAST(:made_today AS bigint) IS NULL AND e.tenant_id = :tenant AND e.type = 'refunded'
              AND e.occurred_at >= :start AND e.occurred_at < :end
              AND (CAST(:owner AS bigint) IS NULL OR o.owner_id = :owner)
        ) AS moves
    ) AS present
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class PeriodProgress:
    """The target of the present `period`, from `first` to `last`, in minor units.

    `expected_minor` should be reached by now. It is None in a period without a working day; a day off has no pace.
    """

    period: str
    first: date
    last: date
    target_minor: int
    reached_minor: int
    expected_minor: int | None

    @property
    def ahead_minor(self) -> int | None:
        """How much more than expected is reached; negative when behind. None without a pace."""
        return None if self.expected_minor is None else self.reached_minor - self.expected_minor

    @property
    def ratio(self) -> float:
        """The reached part of the target; 1 is the whole."""
        return self.reached_minor / self.target_minor

    @property
    def is_reached(self) -> bool:
        return self.reached_minor >= self.target_minor


@dataclass(frozen=True)
class TargetProgress:
    """The periods that have a target, in the order day, week, month. The day is left out on a day off.

    `holiday` is the name of today's holiday. `is_working_day` is false on holidays and on free weekdays.
    """

    periods: tuple[PeriodProgress, ...] = ()
    is_working_day: bool = True
    holiday: str | None = None

    @property
    def shortest(self) -> PeriodProgress | None:
        return self.periods[0] if self.periods else None


def read(tenant: Tenant, now: datetime, owner_id: int | None = None, made_today: int | None = None) -> TargetProgress:
    """The progress of the team, or of one salesperson. A caller that has read today's revenue gives it as `made_today`."""
    day = today(tenant.timezone, now)
    spans = periods_of(day.date)
    values = {
        "tenant": tenant.id,
        "owner": owner_id,
        "made_today": made_today,
        "date": day.date,
        "week": spans["week"][0],
        "month": spans["month"][0],
        "first": min(first for first, _ in spans.values()),
        "last": max(last for _, last in spans.values()),
        "course_from": day.date - timedelta(days=COURSE_DAYS),
    }
    settings = db.session.execute(SETTINGS_SQL, values).one_or_none()
    if settings is None:
        return TargetProgress()
    reached = db.session.execute(REACHED_SQL, values | day.bounds).one()
    return _progress(settings, reached, day, spans, ZoneInfo(tenant.timezone))


def periods_of(day: date) -> dict[str, tuple[date, date]]:
    """The first and the last day of the day, the week and the month that contain `day`."""
    monday = day - timedelta(days=day.weekday())
    first = day.replace(day=1)
    next_month = (first + timedelta(days=31)).replace(day=1)
    spans = ((day, day), (monday, monday + timedelta(days=6)), (first, next_month - timedelta(days=1)))
    return dict(zip(PERIODS, spans, strict=True))


def _progress(
    settings: Row[Any], row: Row[Any], day: Today, spans: Mapping[str, tuple[date, date]], zone: ZoneInfo
) -> TargetProgress:
    holidays = {date.fromisoformat(text): name for text, name in (settings.holidays or {}).items()}
    calendar = WorkCalendar(frozenset(settings.working_days), holidays)
    part = part_of_day(usual_course(row), day.now.replace(second=0, microsecond=0), zone)
    before = {"day": 0, "week": row.before_in_week, "month": row.before_in_month}
    is_working = calendar.is_working(day.date)
    found = tuple(
        PeriodProgress(
            period,
            *spans[period],
            target_minor=settings.amounts[period],
            reached_minor=before[period] + row.made_today,
            expected_minor=_expected(settings.amounts[period], spans[period], calendar, day.date, part),
        )
        for period in PERIODS
        if period in settings.amounts and (period != "day" or is_working)
    )
    return TargetProgress(found, is_working, holidays.get(day.date))


def usual_course(row: Row[Any]) -> Sequence[float]:
    """The usual revenue per hour; zeros without enough history."""
    if (row.course_days or 0) < MIN_COURSE_DAYS:
        return [0.0] * 24
    return [float(row.course.get(str(hour), 0)) for hour in range(24)]


def _expected(target: int, span: tuple[date, date], calendar: WorkCalendar, day: date, part: float) -> int | None:
    return part_of_target(target, part_of_span(span, calendar, day, part))


def part_of_span(span: tuple[date, date], calendar: WorkCalendar, day: date, part: float) -> float | None:
    """The part of a period's target that should be reached by now; None in a period without a working day."""
    first, last = span
    working = calendar.count(first, last)
    if not working:
        return None
    done = calendar.count(first, day - timedelta(days=1)) + (part if calendar.is_working(day) else 0.0)
    return done / working


def part_of_target(target: int, part: float | None) -> int | None:
    return None if part is None else round(target * part)
