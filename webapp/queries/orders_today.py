"""Orders today: the number of orders placed today and neither cancelled nor refunded in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement
from .trend import Trend, until_now

DEFINITION = lazy_gettext(
    "The number of orders placed today, paid or not, that are neither cancelled nor refunded in full. Compared with yesterday"
    " and with the same weekday last week, from midnight to the same time. The line shows today by hour."
)

# Served by ix_orders_recent.
PART = """
    (SELECT count(*) FROM orders WHERE tenant_id = :tenant /* own */ AND status NOT IN ('cancelled', 'refunded')
       AND placed_at >= :{day}_start AND placed_at < :{day}_now) AS {day}"""
SQL = TeamStatement(f"""
    WITH hours AS (
        SELECT extract(hour FROM placed_at AT TIME ZONE :zone)::int AS hour, count(*) AS orders
        FROM orders
        WHERE tenant_id = :tenant /* own */ AND status NOT IN ('cancelled', 'refunded')
            AND placed_at >= :start AND placed_at < :end
        GROUP BY 1
    )
    SELECT coalesce(sum(orders), 0)::bigint AS today,
           jsonb_object_agg(hour, orders) FILTER (WHERE hour IS NOT NULL) AS hours,
        {PART.format(day="yesterday")},
        {PART.format(day="last_week")}
    FROM hours
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class OrdersToday:
    """Numbers of orders; `yesterday` and `last_week` are up to the same time."""

    today: int
    yesterday: int
    last_week: int
    trend: Trend


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> OrdersToday:
    day = today(tenant.timezone, now)
    row = SQL.execute(owner_id, {"tenant": tenant.id, "zone": tenant.timezone, **day.bounds}).one()
    trend = until_now(row.hours, tenant.timezone, now)
    return OrdersToday(row.today, row.yesterday, row.last_week, trend)
