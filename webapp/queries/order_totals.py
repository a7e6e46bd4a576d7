"""The number of the orders of a list, and their sum, with a bound of work."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from sqlalchemy import text

from ..db import db
from ..models import Tenant
from . import order_indexes, order_rows
from .order_filter import PAID_IN_RANGE, TIME_COLUMNS, Filter, both
from .order_walk import FoundPlaces

# A list of more orders is not counted; about 15 ms. Orders of one time are close together in the table. Others are scattered,
# so fewer are counted in that time.
MAX_COUNTED, MAX_SCATTERED = 30_000, 12_000

ORDERS = """
SELECT count(*) AS orders, coalesce(sum(o.total_minor), 0)::bigint AS sum_minor
FROM (SELECT o.* FROM orders o WHERE o.tenant_id = :tenant AND {few} OFFSET 0) AS o WHERE {rest}
"""
# Payments add to the revenue and refunds take off, each in the range of dates. An order with both counts once.
MOVES = """
SELECT count(DISTINCT id) AS orders, coalesce(sum(amount_minor), 0)::bigint AS sum_minor FROM ({moves}) AS moves
"""
PAYMENTS = (
    "SELECT o.id, o.total_minor AS amount_minor"  # noqa: S608 - constants only
    f" FROM (SELECT o.* FROM orders o WHERE o.tenant_id = :tenant AND {{few}} OFFSET 0) AS o WHERE {PAID_IN_RANGE} AND {{rest}}"
)
# Served by ix_order_events_refunds.
REFUNDED = (
    "order_events e WHERE e.tenant_id = :tenant AND e.type = 'refunded'"
    " AND e.occurred_at >= :start AND e.occurred_at < :end"
)
REFUNDS = (
    f"SELECT o.id, {{sign}} e.amount_minor FROM (SELECT e.order_id, e.amount_minor FROM {REFUNDED} OFFSET 0) AS e"  # noqa: S608 - constants only
    " JOIN orders o ON o.tenant_id = :tenant AND o.id = e.order_id WHERE {rest}"
)
MANY_REFUNDS = f"SELECT count(*) > {MAX_COUNTED} FROM (SELECT FROM {REFUNDED} LIMIT {MAX_COUNTED + 1}) AS counted"  # noqa: S608 - constants only


@dataclass(frozen=True)
class ListTotals:
    """The number of orders and their sum in minor units. With more orders than `more_than`, neither is counted.

    The sum is of totals. For `by` revenue it is the payments less the refunds in the range of dates, for refunded the refunds.
    """

    orders: int = 0
    sum_minor: int = 0
    is_exact: bool = True
    more_than: int | None = None


NOT_COUNTED = ListTotals(is_exact=False)


def read(tenant_id: int, wanted: Filter) -> ListTotals:
    """The totals of a filter without words: exact, if one of its conditions has few orders."""
    values = wanted.values | {"tenant": tenant_id}
    rest = both(*wanted.conditions.values())
    if wanted.by not in TIME_COLUMNS and db.session.execute(text(MANY_REFUNDS), values).scalar_one():
        return NOT_COUNTED
    if wanted.by == "refunded":
        return _exact(MOVES.format(moves=REFUNDS.format(sign="", rest=rest)), values)
    payments = [order_indexes.payments(wanted)] if wanted.by == "revenue" else []
    for few in chain(payments, order_indexes.conditions(tenant_id, wanted)):
        most = MAX_COUNTED if few.are_close else MAX_SCATTERED
        if order_indexes.count(tenant_id, few, most + 1) > most:
            if few.is_all_of(wanted):
                return ListTotals(is_exact=False, more_than=most)
        elif wanted.by == "revenue":
            moves = (PAYMENTS.format(few=few.sql, rest=rest), REFUNDS.format(sign="-", rest=rest))
            return _exact(MOVES.format(moves=" UNION ALL ".join(moves)), values | few.values)
        else:
            return _exact(ORDERS.format(few=few.sql, rest=both(rest, wanted.time_sql)), values | few.values)
    return NOT_COUNTED


def _exact(statement: str, values: dict[str, object]) -> ListTotals:
    row = db.session.execute(text(statement), values).one()
    return ListTotals(row.orders, row.sum_minor)


def of_places(tenant: Tenant, wanted: Filter, places: FoundPlaces, most: int) -> ListTotals:
    """The totals of a search by words, from its first places: exact, if these are all and at most `most`."""
    orders = len(places.found)
    if places.stopped_at is None and orders <= most:
        return ListTotals(orders, order_rows.sum_of(tenant, [place.id for place in places.found], wanted))
    more_than = min(orders, most) // 50 * 50
    return ListTotals(is_exact=False, more_than=more_than) if more_than else NOT_COUNTED
