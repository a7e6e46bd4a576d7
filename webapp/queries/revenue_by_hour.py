"""Revenue by hour of the tenant's wall clock, for today and the whole of yesterday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement

DEFINITION = lazy_gettext(
    "Revenue (paid less refunded) in each hour of today on the company's own clock, refunds in the hour they are made."
    " Yesterday's whole day is drawn beside it. On a clock change, a repeated hour is one column."
)

# Served by ix_orders_paid and ix_order_events_refunds.
SQL = TeamStatement("""
    WITH moves (moment, amount_minor) AS (
        SELECT paid_at, total_minor FROM orders
        WHERE tenant_id = :tenant /* own */ AND paid_at >= :yesterday_start AND paid_at < :end
        UNION ALL
        SELECT e.occurred_at, -e.amount_minor FROM order_events e
        JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
        WHERE e.tenant_id = :tenant /* own o */ AND e.type = 'refunded'
          AND e.occurred_at >= :yesterday_start AND e.occurred_at < :end
    )
    SELECT extract(hour FROM moment AT TIME ZONE :zone)::int AS hour,
           coalesce(sum(amount_minor) FILTER (WHERE moment >= :start), 0)::bigint AS today,
           coalesce(sum(amount_minor) FILTER (WHERE moment < :start), 0)::bigint AS yesterday
    FROM moves GROUP BY 1
""")


@dataclass(frozen=True)
class Hour:
    """The revenue of one hour of the wall clock, 0 to 23, in minor units."""

    hour: int
    today_minor: int
    yesterday_minor: int


@dataclass(frozen=True)
class RevenueByHour:
    """The 24 hours; `current` is the present hour."""

    hours: tuple[Hour, ...]
    current: int

    @property
    def is_empty(self) -> bool:
        return not any(hour.today_minor or hour.yesterday_minor for hour in self.hours)


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> RevenueByHour:
    day = today(tenant.timezone, now)
    rows = SQL.execute(owner_id, {"tenant": tenant.id, "zone": tenant.timezone, **day.bounds})
    found = {row.hour: (row.today, row.yesterday) for row in rows}
    hours = tuple(Hour(hour, *found.get(hour, (0, 0))) for hour in range(24))
    return RevenueByHour(hours, current=now.astimezone(ZoneInfo(tenant.timezone)).hour)
