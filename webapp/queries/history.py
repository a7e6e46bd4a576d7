"""History: revenue and orders of the 30 days before today, from the rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement

DAYS = 30  # before today
DEFINITION = lazy_gettext(
    "Revenue (paid less refunded) and orders of the %(days)s days before today; today's are in the tiles above. A late change"
    " of an earlier day is added within a minute.",
    days=DAYS,
)

# Served by pk_rollups_daily.
SQL = TeamStatement("""
    SELECT day, sum(revenue_minor)::bigint AS revenue, sum(orders)::bigint AS orders
    FROM rollups_daily WHERE tenant_id = :tenant /* own */ AND day BETWEEN :first AND :last GROUP BY day
""")


@dataclass(frozen=True)
class HistoryDay:
    """A day in the tenant's zone; revenue in minor units."""

    day: date
    revenue_minor: int
    orders: int


@dataclass(frozen=True)
class History:
    """The DAYS days before today, oldest first."""

    days: tuple[HistoryDay, ...]

    @property
    def is_empty(self) -> bool:
        return not any(day.revenue_minor or day.orders for day in self.days)

    @property
    def revenue_minor(self) -> int:
        return sum(day.revenue_minor for day in self.days)


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> History:
    last = today(tenant.timezone, now).date - timedelta(days=1)
    first = last - timedelta(days=DAYS - 1)
    rows = SQL.execute(owner_id, {"tenant": tenant.id, "first": first, "last": last})
    found = {row.day: (row.revenue, row.orders) for row in rows}
    days = (first + timedelta(days=n) for n in range(DAYS))
    return History(tuple(HistoryDay(day, *found.get(day, (0, 0))) for day in days))
