"""Average order: the mean total of the orders paid today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement
from .trend import Trend, until_now

DEFINITION = lazy_gettext(
    "The totals of all orders paid today, divided by their number, before refunds. Compared with the orders paid yesterday and"
    " on the same weekday last week, from midnight to the same time. The line shows today by hour."
)

# Served by ix_orders_paid.
PART = """
    CROSS JOIN LATERAL (
        SELECT count(*) AS {day}_orders, coalesce(sum(total_minor), 0)::bigint AS {day}_total FROM orders
        WHERE tenant_id = :tenant /* own */ AND paid_at >= :{day}_start AND paid_at < :{day}_now
    ) AS {day}"""
SQL = TeamStatement(f"""
    WITH hours AS (
        SELECT extract(hour FROM paid_at AT TIME ZONE :zone)::int AS hour, count(*) AS orders, sum(total_minor)::bigint AS total
        FROM orders WHERE tenant_id = :tenant /* own */ AND paid_at >= :start AND paid_at < :end GROUP BY 1
    )
    SELECT day.*, yesterday.*, last_week.*
    FROM (
        SELECT coalesce(sum(orders), 0)::bigint AS orders, coalesce(sum(total), 0)::bigint AS total,
               jsonb_object_agg(hour, round(total::numeric / orders)) FILTER (WHERE hour IS NOT NULL) AS hours
        FROM hours
    ) AS day
    {PART.format(day="yesterday")}
    {PART.format(day="last_week")}
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class AverageOrder:
    """Amounts in minor units, rounded half up; None when no order was paid. The other days are up to the same time."""

    orders: int
    today_minor: int | None
    yesterday_minor: int | None
    last_week_minor: int | None
    trend: Trend


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> AverageOrder:
    day = today(tenant.timezone, now)
    row = SQL.execute(owner_id, {"tenant": tenant.id, "zone": tenant.timezone, **day.bounds}).one()
    return AverageOrder(
        orders=row.orders,
        today_minor=_average(row.total, row.orders),
        yesterday_minor=_average(row.yesterday_total, row.yesterday_orders),
        last_week_minor=_average(row.last_week_total, row.last_week_orders),
        trend=until_now(row.hours, tenant.timezone, now, empty=None),
    )


def _average(total: int, orders: int) -> int | None:
    return int((Decimal(total) / orders).quantize(Decimal(1), ROUND_HALF_UP)) if orders else None
