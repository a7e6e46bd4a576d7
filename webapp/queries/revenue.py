"""Revenue today: the totals paid today, less the refunds of today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from .day import today

DEFINITION = (
    "The totals of all orders paid today, less the refunds made today. A refund counts on the day it is made, whenever the"
    " order was paid; a cancellation alone changes nothing. Compared with yesterday from midnight to the same time."
)

# Served by ix_orders_paid and ix_order_events_refunds. One statement, so today and yesterday are one snapshot.
SQL = text("""
    SELECT
        (SELECT coalesce(sum(total_minor), 0) FROM orders
          WHERE tenant_id = :tenant AND paid_at >= :start AND paid_at < :end)::bigint AS paid,
        (SELECT coalesce(sum(e.amount_minor), 0) FROM order_events e
           JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
          WHERE e.tenant_id = :tenant AND e.type = 'refunded'
            AND e.occurred_at >= :start AND e.occurred_at < :end)::bigint AS refunded,
        (SELECT coalesce(sum(total_minor), 0) FROM orders
          WHERE tenant_id = :tenant AND paid_at >= :yesterday_start AND paid_at < :yesterday_now)::bigint
      - (SELECT coalesce(sum(e.amount_minor), 0) FROM order_events e
           JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
          WHERE e.tenant_id = :tenant AND e.type = 'refunded'
            AND e.occurred_at >= :yesterday_start AND e.occurred_at < :yesterday_now)::bigint AS yesterday
""")


@dataclass(frozen=True)
class Revenue:
    """Amounts in minor units of the tenant's currency."""

    paid_minor: int
    refunded_minor: int
    yesterday_minor: int  # up to the same time

    @property
    def today_minor(self) -> int:
        return self.paid_minor - self.refunded_minor


def read(tenant: Tenant, now: datetime) -> Revenue:
    row = db.session.execute(SQL, {"tenant": tenant.id, **today(tenant.timezone, now).bounds}).one()
    return Revenue(paid_minor=row.paid, refunded_minor=row.refunded, yesterday_minor=row.yesterday)
