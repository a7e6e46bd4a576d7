"""Progress towards the targets of all salespeople, from one statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from .day import today
from .target_progress import (
    COURSE_DAYS,
    COURSE_SQL,
    PeriodProgress,
    TargetProgress,
    part_of_span,
    part_of_target,
    periods_of,
    usual_course,
)
from .work_calendar import WorkCalendar, part_of_day

# The targets of all salespeople with what all of their paces have in common.
SQL = text(f"""
    WITH targets AS (
        SELECT jsonb_object_agg(owner_id, amounts) AS amounts FROM (
            SELECT owner_id, jsonb_object_agg(period, amount_minor) AS amounts FROM sales_targets
            WHERE tenant_id = :tenant AND owner_id IS NOT NULL GROUP BY owner_id
        ) AS per_owner
    )
    SELECT targets.amounts, tenants.working_days, course.*,
           (SELECT jsonb_object_agg(day, name) FROM holidays
             WHERE tenant_id = :tenant AND day BETWEEN :first AND :last) AS holidays
    FROM targets JOIN tenants ON tenants.id = :tenant AND targets.amounts IS NOT NULL
    CROSS JOIN LATERAL (
        {COURSE_SQL}
    ) AS course
""")  # noqa: S608 - only our constants


def read(tenant: Tenant, now: datetime, reached: Mapping[int, Mapping[str, int]]) -> dict[int, TargetProgress]:
    """The progress of each salesperson with a target, as target_progress.read has it.

    `reached` is the revenue by owner and period, which the caller has in its own snapshot. One statement for all of them.
    """
    day = today(tenant.timezone, now)
    spans = periods_of(day.date)
    values = {
        "tenant": tenant.id,
        "date": day.date,
        "first": min(first for first, _ in spans.values()),
        "last": max(last for _, last in spans.values()),
        "course_from": day.date - timedelta(days=COURSE_DAYS),
    }
    row = db.session.execute(SQL, values).one_or_none()
    if row is None:
        return {}
    holidays = {date.fromisoformat(text): name for text, name in (row.holidays or {}).items()}
    calendar = WorkCalendar(frozenset(row.working_days), holidays)
    part = part_of_day(usual_course(row), now.replace(second=0, microsecond=0), ZoneInfo(tenant.timezone))
    is_working = calendar.is_working(day.date)
    parts = {
        period: part_of_span(span, calendar, day.date, part)
        for period, span in spans.items()
        if period != "day" or is_working
    }
    found = {}
    for text_of_id, amounts in row.amounts.items():
        made = reached.get(int(text_of_id), {})
        periods = tuple(
            PeriodProgress(
                period, *spans[period], amounts[period], made.get(period, 0), part_of_target(amounts[period], part)
            )
            for period, part in parts.items()
            if period in amounts
        )
        found[int(text_of_id)] = TargetProgress(periods, is_working, holidays.get(day.date))
    return found
