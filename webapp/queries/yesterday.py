"""How yesterday ended, in the morning: its revenue and orders, compared with the same weekday a week before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement

# From this hour of the clock on, today's own figures say more.
UNTIL_HOUR = 12
DEFINITION = lazy_gettext(
    "Revenue (paid less refunded) and paid orders of all of yesterday, until %(hour)s:00, compared with the same weekday a"
    " week before. The figures are those of the 30-day chart.",
    hour=UNTIL_HOUR,
)

# Served by pk_rollups_daily.
SQL = TeamStatement("""
    SELECT day, sum(revenue_minor)::bigint AS revenue, sum(paid_orders)::bigint AS orders
    FROM rollups_daily WHERE tenant_id = :tenant /* own */ AND day IN (:yesterday, :week_before) GROUP BY day
""")


@dataclass(frozen=True)
class Yesterday:
    """The whole of `day`; amounts in minor units. `week_before_minor` is None without sales on that day."""

    day: date
    week_before: date
    revenue_minor: int
    orders: int
    week_before_minor: int | None


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> Yesterday | None:
    """None from UNTIL_HOUR on, and when yesterday had no sales."""
    if now.astimezone(ZoneInfo(tenant.timezone)).hour >= UNTIL_HOUR:
        return None
    day = today(tenant.timezone, now).date - timedelta(days=1)
    before = day - timedelta(days=7)
    rows = SQL.execute(owner_id, {"tenant": tenant.id, "yesterday": day, "week_before": before})
    found = {row.day: row for row in rows}
    if day not in found:
        return None
    week_before = found[before].revenue if before in found else None
    return Yesterday(day, before, found[day].revenue, found[day].orders, week_before)
