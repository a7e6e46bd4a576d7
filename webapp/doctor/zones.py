"""Check of the tenants' time zones: Python and PostgreSQL have the same offsets for the coming year.

Each has its own copy of the time zone database; where one is older, "today" begins at two different moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg

from .finding import Finding, fault, ok
from .system import Row, System, rows

# Every day of the coming year: each change of an offset has a day before and a day after.
DAYS = 366

_ZONES = "SELECT timezone, min(slug) AS slug, count(*) AS tenants FROM tenants GROUP BY timezone ORDER BY timezone"
_OFFSETS = """
SELECT array_agg(extract(epoch FROM (moment AT TIME ZONE %(zone)s) - (moment AT TIME ZONE 'UTC'))::int ORDER BY moment)
       AS offsets
FROM unnest(%(moments)s::timestamptz[]) AS moment
"""


def check(system: System) -> Iterator[Finding]:
    now = datetime.now(UTC).replace(microsecond=0)
    moments = [now + timedelta(days=day) for day in range(DAYS + 1)]
    with system.postgresql() as conn:
        tenants = rows(conn, _ZONES)
        for tenant in tenants:
            yield from _compare(conn, tenant, moments)
    yield ok(f"{len(tenants)} in use; PostgreSQL and Python agree for a year")


def _compare(conn: psycopg.Connection, tenant: Row, moments: list[datetime]) -> Iterator[Finding]:
    zone = tenant["timezone"]
    name = f"{zone!r} (tenant {tenant['slug']}{', …' if tenant['tenants'] > 1 else ''})"
    advice = "Give the tenant an IANA name such as Europe/Berlin (tenants.timezone), then flask rollups rebuild."
    try:
        zone_info = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        yield fault(f"Python has no time zone {name}", f"{advice} Or update this host's tzdata.")
        return
    try:
        (row,) = rows(conn, _OFFSETS, {"zone": zone, "moments": moments})
    except psycopg.errors.InvalidParameterValue:
        yield fault(f"PostgreSQL has no time zone {name}", f"{advice} Or update PostgreSQL's tzdata.")
        return
    for moment, theirs in zip(moments, row["offsets"], strict=True):
        ours = moment.astimezone(zone_info).utcoffset() or timedelta()
        if ours != timedelta(seconds=theirs):
            yield fault(
                f"{name} on {moment:%Y-%m-%d}: PostgreSQL has UTC{_hours(theirs)}, Python UTC{_hours(ours.total_seconds())}",
                f"Update tzdata on both hosts. If it is an abbreviation, which PostgreSQL reads as a fixed offset: {advice}",
            )
            return


def _hours(seconds: float) -> str:
    minutes = abs(round(seconds / 60))
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
