"""Exact totals of a range of days: from the rollups, and from the orders where a commit is not in the rollups yet.

The cursor of the rollups is a snapshot. One statement finds the local hours that later events touch. These hours are counted
from the orders, all others are read from the rollups. Both are in one transaction on one snapshot, so the totals are those of
that moment: exact to the last commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from ..models import Tenant
from ..queries.day import instant
from . import statements
from .refresh import ROLLUPS
from .tables import RollupTable, counted

# With more hours than these, as after an import of old orders, totals are those of the last refresh, at most a minute old.
MAX_HOURS = 200
MAX_EVENTS = 5_000


@dataclass(frozen=True)
class UnreadHours:
    """The local hours that the rollups do not have yet. They are None where these are too many to count for a page."""

    hours: tuple[datetime, ...] | None

    @property
    def is_exact(self) -> bool:
        return self.hours is not None


@dataclass(frozen=True)
class Span:
    """Days from `first` to before `end`, in the tenant's calendar. With `until`, the last day ends at that local time."""

    first: date
    end: date
    until: datetime | None = None


def unread(conn: psycopg.Connection[Any], tenant_id: int) -> UnreadHours:
    """Of this transaction's snapshot, which is REPEATABLE READ and also that of `totals`. Raises psycopg.Error."""
    snapshot = ROLLUPS.comparable_snapshot(conn)
    if snapshot is None:
        return UnreadHours(None)
    values: dict[str, Any] = {"since": snapshot, "tenant_ids": [tenant_id], "tenant": tenant_id, "most": MAX_HOURS + 1}
    values |= {"ignored_types": list(statements.EVENTS.ignored_types), "most_events": MAX_EVENTS + 1}
    rows = conn.execute(statements.UNREAD_HOURS_OF_TENANT, values).fetchall()
    if len(rows) > MAX_HOURS or any(events > MAX_EVENTS for _hour, events in rows):
        return UnreadHours(None)
    return UnreadHours(tuple(hour for hour, _events in rows))


def totals(
    conn: psycopg.Connection[Any],
    tenant: Tenant,
    table: RollupTable,
    span: Span,
    starts: Sequence[date],
    unread_hours: UnreadHours,
    *,
    by_key: bool = True,
    owner_id: int | None = None,
) -> dict[tuple[int, Any], tuple[int, ...]]:
    """The table's figures by the index of the period and the key, which is None without `by_key`.

    `starts` are the first days of the periods, in order; the first is that of the span. With `owner_id`, of a table by
    owner, only that salesperson's. Raises psycopg.Error.
    """
    hours, days = _hours(tenant, span, unread_hours)
    values = {
        "tenant": tenant.id,
        "first": span.first,
        "end": span.end,
        "starts": list(starts),
        "days": list(days),
        "hours": [hour for hour, _until in hours],
        "untils": [until for _hour, until in hours],
        "before": span.until or datetime.max.replace(year=9998),
        "owner": owner_id,
    }
    rows = conn.execute(_totals_sql(table, by_key, owner_id is not None), values).fetchall()
    return {(row[0] - 1, row[1]): tuple(row[2:]) for row in rows}


def first_day(conn: psycopg.Connection[Any], tenant_id: int, unread_hours: UnreadHours) -> date | None:
    """The first day with a row in the rollups, or with an unread hour. Served by pk_rollups_daily."""
    row = conn.execute("SELECT min(day) FROM rollups_daily WHERE tenant_id = %s", [tenant_id]).fetchone()
    found = [day for day in (row and row[0], *(hour.date() for hour in unread_hours.hours or ())) if day]
    return min(found, default=None)


def _hours(tenant: Tenant, span: Span, found: UnreadHours) -> tuple[list[tuple[datetime, datetime | str]], set[date]]:
    """The hours to count from the orders, each with the instant before which, and the days that have such hours."""
    wanted: dict[datetime, datetime | str] = {
        hour: "infinity" for hour in found.hours or () if span.first <= hour.date() < span.end
    }
    days = {hour.date() for hour in wanted}
    if span.until is not None:
        last = span.until.replace(minute=0, second=0, microsecond=0)
        wanted = {hour: until for hour, until in wanted.items() if hour < last}
        days.add(last.date())
        if span.until > last:
            wanted[last] = instant(last.date(), span.until.time(), ZoneInfo(tenant.timezone))
    return list(wanted.items()), days


def _totals_sql(table: RollupTable, by_key: bool, of_owner: bool) -> str:
    """Served by the primary keys of the rollups, and for hours by the indexes that refresh.py uses."""
    key = table.key if by_key else "NULL"
    owner = "WHERE owner_id = %(owner)s" if of_owner else ""
    hours = "SELECT %(tenant)s::bigint, * FROM unnest(%(hours)s::timestamp[], %(untils)s::timestamptz[])"
    return f"""
WITH {counted(table, hours)},
pieces AS (
    SELECT day, {table.key}, {table.columns()} FROM {table.daily}
    WHERE tenant_id = %(tenant)s AND day >= %(first)s AND day < %(end)s AND day <> ALL (%(days)s::date[])
    UNION ALL
    SELECT d.day, r.{table.key}, {table.columns("r.{}")} FROM unnest(%(days)s::date[]) AS d (day)
    JOIN {table.hourly} r ON r.tenant_id = %(tenant)s AND r.hour >= d.day AND r.hour < d.day + interval '1 day'
    WHERE r.hour < date_trunc('hour', %(before)s::timestamp) AND r.hour <> ALL (%(hours)s::timestamp[])
    UNION ALL
    SELECT hour::date, {table.key}, {table.columns()} FROM counted
)
SELECT width_bucket(day, %(starts)s::date[]) AS period, {key} AS key, {table.columns("sum({0})::bigint")}
FROM pieces {owner} GROUP BY 1, 2
"""  # noqa: S608 - only our constants
