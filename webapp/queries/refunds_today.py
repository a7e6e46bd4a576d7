"""Refunds today: the amounts refunded today, whenever their orders were paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement
from .trend import Trend, until_now

DEFINITION = lazy_gettext(
    "The amounts refunded today, whenever their orders were paid; a refund that was reversed is subtracted. Revenue already has"
    " them subtracted. Compared with yesterday and with the same weekday last week, from midnight to the same time. The line"
    " shows today by hour."
)

# Served by ix_order_events_refunds.
REFUNDS = """
    FROM order_events e JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
    WHERE e.tenant_id = :tenant /* own o */ AND e.type = 'refunded' AND e.occurred_at >= :{start} AND e.occurred_at < :{end}"""
SQL = TeamStatement(f"""
    WITH refunds AS (
        SELECT extract(hour FROM e.occurred_at AT TIME ZONE :zone)::int AS hour, e.amount_minor, e.order_id
        {REFUNDS.format(start="start", end="end")}
    ),
    hours AS (SELECT hour, sum(amount_minor)::bigint AS amount FROM refunds GROUP BY 1)
    SELECT coalesce(sum(amount), 0)::bigint AS today, jsonb_object_agg(hour, amount) FILTER (WHERE hour IS NOT NULL) AS hours,
           (SELECT count(DISTINCT order_id) FROM refunds) AS orders,
           (SELECT coalesce(sum(e.amount_minor), 0)::bigint
            {REFUNDS.format(start="yesterday_start", end="yesterday_now")}) AS yesterday,
           (SELECT coalesce(sum(e.amount_minor), 0)::bigint
            {REFUNDS.format(start="last_week_start", end="last_week_now")}) AS last_week
    FROM hours
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class RefundsToday:
    """Amounts in minor units; those of the other days are up to the same time. `orders` were refunded today."""

    today_minor: int
    orders: int
    yesterday_minor: int
    last_week_minor: int
    trend: Trend


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> RefundsToday:
    day = today(tenant.timezone, now)
    row = SQL.execute(owner_id, {"tenant": tenant.id, "zone": tenant.timezone, **day.bounds}).one()
    trend = until_now(row.hours, tenant.timezone, now)
    return RefundsToday(row.today, row.orders, row.yesterday, row.last_week, trend)
