"""Funnel: how many of the orders placed today are paid and shipped, how long that takes, and the 7 days before as reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..language import lazy_gettext
from ..models import Tenant
from .day import midnight, today
from .own_orders import TeamStatement

# The complete days before today.
REFERENCE_DAYS = 7
# Of the reference, whose times are medians of at most this many orders per hour. Counts are of all orders.
MAX_PER_HOUR = 25
DEFINITION = lazy_gettext(
    "The orders placed today that are neither cancelled nor refunded in full, and how many of them are paid and shipped by now."
    " Percentages are of the placed orders. Times are medians: from placed to paid, and from paid to shipped, of the orders"
    " that have both. Below are the same figures of the %(days)s days before, as these orders are now; their times are"
    " of at most %(most)s orders per hour.",
    days=REFERENCE_DAYS,
    most=MAX_PER_HOUR,
)

_COUNTED = "status IN ('placed', 'paid', 'shipped')"
_TIMES = """
    percentile_cont(0.5) WITHIN GROUP (ORDER BY paid_at - placed_at) AS until_paid,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY shipped_at - paid_at) AS until_shipped
"""
_COUNTS = """
    count(*) AS placed, count(*) FILTER (WHERE status <> 'placed') AS paid,
    count(*) FILTER (WHERE status = 'shipped') AS shipped
"""
# Served by ix_orders_recent; the counts of the reference by ix_orders_status alone. A sample bounds the rows that are read for
# the times of the reference, evenly over its hours.
SQL = TeamStatement(f"""
    WITH present AS (
        SELECT {_COUNTS}, {_TIMES} FROM orders
        WHERE tenant_id = :tenant /* own */ AND placed_at >= :start AND placed_at < :end AND {_COUNTED}
    ),
    counted AS (
        SELECT {_COUNTS} FROM orders
        WHERE tenant_id = :tenant /* own */ AND placed_at >= :reference_start AND placed_at < :start AND {_COUNTED}
    ),
    timed AS (
        SELECT {_TIMES}
        FROM generate_series(
            CAST(:reference_start AS timestamptz), CAST(:last_hour AS timestamptz), interval '1 hour') AS begins
        CROSS JOIN LATERAL (
            SELECT * FROM orders
            WHERE tenant_id = :tenant /* own */ AND placed_at >= begins
                AND placed_at < least(begins + interval '1 hour', :start) AND {_COUNTED}
            ORDER BY placed_at LIMIT :max_per_hour
        ) AS sampled
    )
    SELECT * FROM (SELECT 0 AS part, * FROM present UNION ALL SELECT 1, counted.*, timed.* FROM counted, timed) AS parts
    ORDER BY part
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class FunnelSteps:
    """Orders placed from `first` to `last`, and how many of them are paid and shipped. The times are medians, or None."""

    first: date
    last: date
    placed: int
    paid: int
    shipped: int
    until_paid: timedelta | None
    until_shipped: timedelta | None

    def ratio(self, orders: int) -> float | None:
        """The part of the placed orders; None without any."""
        return orders / self.placed if self.placed else None


@dataclass(frozen=True)
class Funnel:
    """The funnel of today, and of the days before."""

    today: FunnelSteps
    reference: FunnelSteps


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> Funnel:
    day = today(tenant.timezone, now)
    before = day.date - timedelta(days=REFERENCE_DAYS)
    values = {
        "tenant": tenant.id,
        "start": day.start,
        "end": day.end,
        "reference_start": midnight(before, ZoneInfo(tenant.timezone)),
        "last_hour": day.start - timedelta(microseconds=1),
        "max_per_hour": MAX_PER_HOUR,
    }
    days = ((day.date, day.date), (before, day.date - timedelta(days=1)))
    rows = SQL.execute(owner_id, values).all()
    return Funnel(
        *(
            FunnelSteps(*span, row.placed, row.paid, row.shipped, row.until_paid, row.until_shipped)
            for span, row in zip(days, rows, strict=True)
        )
    )
