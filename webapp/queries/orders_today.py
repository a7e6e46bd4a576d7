"""Orders today: the number of orders placed today and neither cancelled nor refunded in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from .day import today

DEFINITION = (
    "The number of orders placed today, paid or not, that are neither cancelled nor refunded in full. Compared with yesterday"
    " from midnight to the same time."
)

# Served by ix_orders_recent.
SQL = text("""
    SELECT count(*) FILTER (WHERE placed_at >= :start) AS today,
           count(*) FILTER (WHERE placed_at < :yesterday_now) AS yesterday
    FROM orders
    WHERE tenant_id = :tenant AND status NOT IN ('cancelled', 'refunded')
      AND placed_at >= :yesterday_start AND placed_at < :end
""")


@dataclass(frozen=True)
class OrdersToday:
    """Numbers of orders; `yesterday` is up to the same time."""

    today: int
    yesterday: int


def read(tenant: Tenant, now: datetime) -> OrdersToday:
    row = db.session.execute(SQL, {"tenant": tenant.id, **today(tenant.timezone, now).bounds}).one()
    return OrdersToday(today=row.today, yesterday=row.yesterday)
