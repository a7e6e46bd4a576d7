"""History: revenue and orders of the last 30 days, from the rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from .day import today

DAYS = 30  # today included
DEFINITION = (
    f"Revenue (paid less refunded) and orders of the last {DAYS} days, today included. The figures are refreshed every few"
    " seconds to minutes, so today's may lag behind the tiles above."
)

# Served by pk_rollups_daily.
SQL = text("""
    SELECT day, sum(revenue_minor)::bigint AS revenue, sum(orders)::bigint AS orders
    FROM rollups_daily WHERE tenant_id = :tenant AND day BETWEEN :first AND :last GROUP BY day
""")


@dataclass(frozen=True)
class HistoryDay:
    """A day in the tenant's zone; revenue in minor units."""

    day: date
    revenue_minor: int
    orders: int


@dataclass(frozen=True)
class History:
    """The last DAYS days, oldest first, including today."""

    days: tuple[HistoryDay, ...]

    @property
    def is_empty(self) -> bool:
        return not any(day.revenue_minor or day.orders for day in self.days)

    @property
    def revenue_minor(self) -> int:
        return sum(day.revenue_minor for day in self.days)


def read(tenant: Tenant, now: datetime) -> History:
    last = today(tenant.timezone, now).date
    first = last - timedelta(days=DAYS - 1)
    rows = db.session.execute(SQL, {"tenant": tenant.id, "first": first, "last": last})
    found = {row.day: (row.revenue, row.orders) for row in rows}
    days = (first + timedelta(days=n) for n in range(DAYS))
    return History(tuple(HistoryDay(day, *found.get(day, (0, 0))) for day in days))
