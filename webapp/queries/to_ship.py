"""To be shipped: the paid orders that are not shipped, not cancelled and not refunded in full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ..language import lazy_gettext
from ..models import Tenant
from .day import today
from .own_orders import TeamStatement
from .trend import Trend, until_now

# More are not counted: a company that does not record shipments has all its orders here.
MAX_COUNT = 50_000
# A sample that is older than this says nothing about the time.
MAX_SAMPLE_AGE = timedelta(hours=1)
DEFINITION = lazy_gettext(
    "The paid orders that are neither shipped, cancelled nor refunded in full, of any day. Compared with their number at this"
    " time yesterday and on the same weekday last week, which is counted every ten minutes. The line shows today by hour."
)

# Served by ix_orders_status (an order is 'paid' until it is shipped, cancelled or refunded in full) and pk_to_ship_samples.
SAMPLE = """
    (SELECT orders FROM to_ship_samples WHERE tenant_id = :tenant AND at <= :{day}_now AND at > :{day}_oldest
      ORDER BY at DESC LIMIT 1) AS {day}"""
SQL = TeamStatement(f"""
    SELECT (SELECT count(*) FROM (
               SELECT FROM orders WHERE tenant_id = :tenant /* own */ AND status = 'paid' LIMIT :most + 1) AS found) AS orders,
           (SELECT placed_at FROM orders WHERE tenant_id = :tenant /* own */ AND status = 'paid'
             ORDER BY placed_at, id LIMIT 1) AS oldest,
           (SELECT jsonb_object_agg(hour, orders) FROM (
               SELECT DISTINCT ON (1) extract(hour FROM at AT TIME ZONE :zone)::int AS hour, orders FROM to_ship_samples
               WHERE tenant_id = :tenant AND at >= :start AND at < :end ORDER BY 1, at DESC) AS samples) AS hours,
        {SAMPLE.format(day="yesterday")},
        {SAMPLE.format(day="last_week")}
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class ToShip:
    """Numbers of orders. `yesterday` and `last_week` are None without a sample of about that time.

    `is_more`: there are more than MAX_COUNT, which `orders` then is. `oldest_on` is the day on which the oldest was placed.
    """

    orders: int
    is_more: bool
    oldest_on: date | None
    yesterday: int | None
    last_week: int | None
    trend: Trend


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> ToShip:
    """The samples are of the whole team, so the orders of one salesperson are compared with none."""
    day = today(tenant.timezone, now)
    oldest = {name: getattr(day, f"{name}_now") - MAX_SAMPLE_AGE for name in ("yesterday", "last_week")}
    values = {f"{name}_oldest": at for name, at in oldest.items()} | {"most": MAX_COUNT, "zone": tenant.timezone}
    values |= {"tenant": tenant.id, **day.bounds}
    row = SQL.execute(owner_id, values).one()
    is_team = owner_id is None
    # The present hour ends with the present count.
    count = min(row.orders, MAX_COUNT)
    samples = until_now(row.hours if is_team else None, tenant.timezone, now, empty=None)
    return ToShip(
        orders=count,
        is_more=row.orders > MAX_COUNT,
        oldest_on=today(tenant.timezone, row.oldest).date if row.oldest else None,
        yesterday=row.yesterday if is_team else None,
        last_week=row.last_week if is_team else None,
        trend=Trend((*samples.values[:-1], count)),
    )
