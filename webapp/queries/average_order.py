"""Average order: the mean total of the orders paid today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from .day import today

DEFINITION = (
    "The totals of all orders paid today, divided by their number, before refunds. Compared with the orders paid yesterday"
    " from midnight to the same time."
)

# Served by ix_orders_paid.
SQL = text("""
    SELECT count(*) FILTER (WHERE paid_at >= :start) AS orders,
           coalesce(sum(total_minor) FILTER (WHERE paid_at >= :start), 0)::bigint AS total,
           count(*) FILTER (WHERE paid_at < :yesterday_now) AS yesterday_orders,
           coalesce(sum(total_minor) FILTER (WHERE paid_at < :yesterday_now), 0)::bigint AS yesterday_total
    FROM orders
    WHERE tenant_id = :tenant AND paid_at >= :yesterday_start AND paid_at < :end
""")


@dataclass(frozen=True)
class AverageOrder:
    """Amounts in minor units, rounded half up; None when no order was paid."""

    orders: int
    today_minor: int | None
    yesterday_minor: int | None  # up to the same time


def read(tenant: Tenant, now: datetime) -> AverageOrder:
    row = db.session.execute(SQL, {"tenant": tenant.id, **today(tenant.timezone, now).bounds}).one()
    return AverageOrder(
        orders=row.orders,
        today_minor=_average(row.total, row.orders),
        yesterday_minor=_average(row.yesterday_total, row.yesterday_orders),
    )


def _average(total: int, orders: int) -> int | None:
    return int((Decimal(total) / orders).quantize(Decimal(1), ROUND_HALF_UP)) if orders else None
