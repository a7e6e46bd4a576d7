"""The figures of one day of the tenant, as the board shows them: by the queries of its panels, on one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from . import average_order, orders_today, revenue, revenue_by_hour, salespeople
from .average_order import AverageOrder
from .day import midnight
from .revenue import Revenue
from .revenue_by_hour import Hour
from .salespeople import Salesperson

# The first instant of which all events are kept; older refunds may be dropped with their months.
KEPT_SINCE = text("SELECT min(begins) AS since FROM order_events_partitions()")


class DayNotKept(ValueError):
    """The events of the day may be dropped, so its refunds are not known. `since` is the first day with all of them."""

    def __init__(self, since: date) -> None:
        super().__init__(f"events are kept since {since}")
        self.since = since


@dataclass(frozen=True)
class DayFigures:
    """The figures of `day`; amounts in minor units. In `hours`, `today_minor` is the revenue of that hour of the day."""

    day: date
    revenue: Revenue
    orders: int
    average: AverageOrder
    hours: tuple[Hour, ...]
    people: tuple[Salesperson, ...]


def read(tenant: Tenant, day: date, owner_id: int | None = None) -> DayFigures:
    """The figures of the whole day, orders dated later than now included, as on the board. Raises DayNotKept.

    With `owner_id` those of one salesperson.

    It begins a transaction: the session has none open.
    """
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    zone = ZoneInfo(tenant.timezone)
    _check_is_kept(tenant, midnight(day, zone), zone)
    # The panels' queries take a moment of the day.
    last = midnight(day + timedelta(days=1), zone) - timedelta(microseconds=1)
    return DayFigures(
        day=day,
        revenue=revenue.read(tenant, last, owner_id),
        orders=orders_today.read(tenant, last, owner_id).today,
        average=average_order.read(tenant, last, owner_id),
        hours=revenue_by_hour.read(tenant, last, owner_id).hours,
        people=salespeople.read(tenant, last, owner_id),
    )


def _check_is_kept(tenant: Tenant, start: datetime, zone: ZoneInfo) -> None:
    """A tenant that is younger than the oldest kept month has all its events, of imported history too.

    Orders that were removed by their age have no figures of a day, only of the history.
    """
    removed = tenant.orders_removed_before
    if removed is not None and start < removed:
        raise DayNotKept(removed.astimezone(zone).date())
    since = db.session.execute(KEPT_SINCE).scalar_one()
    if since is not None and start < since and tenant.created_at < since:
        first = since.astimezone(zone).date()
        raise DayNotKept(first if midnight(first, zone) >= since else first + timedelta(days=1))
