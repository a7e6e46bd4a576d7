"""Revenue today: the totals paid today, less the refunds of today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..language import lazy_gettext
from ..models import Tenant
from . import target_progress
from .day import today
from .own_orders import TeamStatement
from .target_progress import TargetProgress
from .trend import Trend, until_now

DEFINITION = lazy_gettext(
    "The totals of all orders paid today, less the refunds made today. A refund counts on the day it is made, whenever the"
    " order was paid; a cancellation alone changes nothing. Compared with yesterday and with the same weekday last week, from"
    " midnight to the same time. The line shows today by hour. %(pace)s",
    pace=target_progress.DEFINITION,
)

# Served by ix_orders_paid and ix_order_events_refunds. One statement, so all days are one snapshot.
PART = """
        (SELECT coalesce(sum(total_minor), 0) FROM orders
          WHERE tenant_id = :tenant /* own */ AND paid_at >= :{day}_start AND paid_at < :{day}_now)::bigint
      - (SELECT coalesce(sum(e.amount_minor), 0) FROM order_events e
           JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
          WHERE e.tenant_id = :tenant /* own o */ AND e.type = 'refunded'
            AND e.occurred_at >= :{day}_start AND e.occurred_at < :{day}_now)::bigint AS {day}"""
SQL = TeamStatement(f"""
    WITH moves (moment, paid, refunded) AS (
        SELECT paid_at, total_minor, 0 FROM orders WHERE tenant_id = :tenant /* own */ AND paid_at >= :start AND paid_at < :end
        UNION ALL
        SELECT e.occurred_at, 0, e.amount_minor FROM order_events e
        JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
        WHERE e.tenant_id = :tenant /* own o */ AND e.type = 'refunded' AND e.occurred_at >= :start AND e.occurred_at < :end
    ),
    hours AS (
        SELECT extract(hour FROM moment AT TIME ZONE :zone)::int AS hour,
               sum(paid)::bigint AS paid, sum(refunded)::bigint AS refunded
        FROM moves GROUP BY 1
    )
    SELECT coalesce(sum(paid), 0)::bigint AS paid, coalesce(sum(refunded), 0)::bigint AS refunded,
           jsonb_object_agg(hour, paid - refunded) FILTER (WHERE hour IS NOT NULL) AS hours,
        {PART.format(day="yesterday")},
        {PART.format(day="last_week")}
    FROM hours
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class Revenue:
    """Amounts in minor units of the tenant's currency. `yesterday_minor` and `last_week_minor` are up to the same time."""

    paid_minor: int
    refunded_minor: int
    yesterday_minor: int
    last_week_minor: int
    trend: Trend
    target: TargetProgress

    @property
    def today_minor(self) -> int:
        return self.paid_minor - self.refunded_minor


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> Revenue:
    """With `owner_id` the revenue and the target of that salesperson.

    Two statements: the targets are of the same snapshot when the figures are (panels/snapshot.py).
    """
    day = today(tenant.timezone, now)
    row = SQL.execute(owner_id, {"tenant": tenant.id, "zone": tenant.timezone, **day.bounds}).one()
    return Revenue(
        paid_minor=row.paid,
        refunded_minor=row.refunded,
        yesterday_minor=row.yesterday,
        last_week_minor=row.last_week,
        trend=until_now(row.hours, tenant.timezone, now),
        target=target_progress.read(tenant, now, owner_id, made_today=row.paid - row.refunded),
    )
