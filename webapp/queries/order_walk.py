"""The orders of a filter without words, read in the order of the list, in bounded steps.

A step reads the next orders in the order of an index, and leaves out those that the rest of the filter excludes. If a first
step finds little, and one of the conditions has few orders at all, these are read instead. Otherwise steps go on until a
deadline, and the next page goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text

from ..db import db
from ..models import STATUSES
from . import order_indexes
from .order_cursor import LAST, PageCursor
from .order_filter import PAID_IN_RANGE, REFUNDS_IN_RANGE, TIME_COLUMNS, Filter, both
from .order_indexes import Few

STEPS = (500, 4_000, 8_000)  # orders per step; the last one repeats
# So few orders are read at once, whatever their times; about 10 ms.
FEW = 2_000

STEP = """
SELECT id, at, n, matches FROM (
    SELECT o.id, o.at, row_number() OVER (ORDER BY o.at DESC, o.id DESC, o.event_id DESC) AS n, ({matches}) AS matches
    FROM ({branch}) AS o
) AS walked WHERE matches OR n = :step ORDER BY n
"""
COLUMNS = "o.tenant_id, o.id, {at} AS at, o.owner_id, o.status, o.total_minor, o.source, o.paid_at"
PAGE = (
    f"SELECT {COLUMNS}, 0 AS event_id FROM orders o"  # noqa: S608 - constants only
    " WHERE o.tenant_id = :tenant AND {condition} AND {at} IS NOT NULL AND {at} >= :start"
    " AND ({at}, o.id) < (:before_at, :before_id) ORDER BY {at} DESC, o.id DESC LIMIT :step"
)
# Each order has the place of its last refund in the range. Served by ix_order_events_refunds and ix_order_events_order.
REFUNDS = (
    f"SELECT {COLUMNS.format(at='e.occurred_at')}, e.id AS event_id FROM order_events e"  # noqa: S608 - constants only
    " JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id"
    " WHERE e.tenant_id = :tenant AND e.type = 'refunded' AND e.occurred_at >= :start AND e.occurred_at < :end"
    " AND (e.occurred_at, e.order_id) < (:before_at, :before_id)"
    " ORDER BY e.occurred_at DESC, e.order_id DESC, e.id DESC LIMIT :step"
)
IS_LAST_REFUND = f"NOT EXISTS (SELECT FROM {REFUNDS_IN_RANGE} AND (e.occurred_at, e.id) > (o.at, o.event_id))"
# The place of an order in revenue is its payment, or a later refund.
IS_PAID_LAST = f"NOT EXISTS (SELECT FROM {REFUNDS_IN_RANGE} AND e.occurred_at >= o.paid_at)"
IS_REFUNDED_LAST = f"{IS_LAST_REFUND} AND ({PAID_IN_RANGE} AND o.paid_at > o.at) IS NOT TRUE"

FEW_ORDERS = """
WITH few AS MATERIALIZED (SELECT * FROM orders o WHERE o.tenant_id = :tenant AND {few})
SELECT id, at FROM (SELECT o.id, {at} AS at FROM few o WHERE {rest}) AS found
WHERE at >= :start AND (at, id) < (:before_at, :before_id) ORDER BY at DESC, id DESC LIMIT :limit
"""
LAST_REFUND = f"(SELECT max(e.occurred_at) FROM {REFUNDS_IN_RANGE})"  # noqa: S608 - constants only


@dataclass(frozen=True)
class FoundPlaces:
    """The places of the matching orders, in the order of the list. A walk that `stopped_at` a place goes on from there."""

    found: tuple[PageCursor, ...]
    stopped_at: PageCursor | None = None


def find(tenant_id: int, wanted: Filter, before: PageCursor | None, limit: int, most_ms: int) -> FoundPlaces:
    """The first `limit` places after `before`, the newest first."""
    deadline = time.monotonic() + most_ms / 1000
    place = first_place(wanted, before)
    found: list[PageCursor] = []
    for turn, step in enumerate(_steps(wanted, limit)):
        matching, at = _step(tenant_id, wanted, place, step)
        found += matching
        if len(found) >= limit or at is None:
            return FoundPlaces(tuple(found[:limit]))
        place = at
        if turn == 0 and (few := order_indexes.find_few(tenant_id, wanted, FEW)):
            return FoundPlaces((*found, *_read_few(tenant_id, wanted, few, place, limit - len(found))))
        if turn and time.monotonic() > deadline:
            break
    return FoundPlaces(tuple(found), place)


def first_place(wanted: Filter, before: PageCursor | None) -> PageCursor:
    """The place before which the list begins: `before`, or the end of the dates."""
    end = PageCursor(wanted.end or LAST, 0)
    return min(before, end) if before else end


def _steps(wanted: Filter, limit: int) -> Iterator[int]:
    """The sizes of the steps. If all orders of the index match, one step finds the page."""
    if not wanted.conditions or (wanted.by == "placed" and set(wanted.conditions) <= {"owner", "status"}):
        yield limit + 1
    yield from STEPS
    while True:
        yield STEPS[-1]


def _step(tenant_id: int, wanted: Filter, before: PageCursor, step: int) -> tuple[list[PageCursor], PageCursor | None]:
    """The matching places of the next `step` orders, and the place where they end; None at the end of the list."""
    values = wanted.values | {"tenant": tenant_id, "before_at": before.at, "before_id": before.id, "step": step}
    found: list[PageCursor] = []
    ends: list[PageCursor] = []
    for branch, matches in _branches(wanted):
        rows = db.session.execute(text(STEP.format(branch=branch, matches=matches)), values).all()
        found += [PageCursor(row.at, row.id) for row in rows if row.matches]
        if rows and rows[-1].n == step:
            ends.append(PageCursor(rows[-1].at, rows[-1].id))
    # Beyond the place where the first branch ends, that branch may have more orders.
    end = max(ends, default=None)
    return sorted((each for each in found if end is None or each >= end), reverse=True), end


def _branches(wanted: Filter) -> Iterator[tuple[str, str]]:
    """The statements that read the places in their order, each with the condition of the orders that match."""
    rest = both(*wanted.conditions.values())
    if column := TIME_COLUMNS.get(wanted.by):
        pages = [PAGE.format(at=f"o.{column}", condition=condition) for condition in _pages(wanted)]
        if len(pages) == 1:
            yield pages[0], rest
            return
        union = " UNION ALL ".join(f"({page})" for page in pages)
        yield f"SELECT * FROM ({union}) AS o ORDER BY at DESC, id DESC LIMIT :step", rest  # noqa: S608 - constants
    elif wanted.by == "refunded":
        yield REFUNDS, both(rest, IS_LAST_REFUND)
    else:
        yield PAGE.format(at="o.paid_at", condition="true"), both("o.at < :end", rest, IS_PAID_LAST)
        yield REFUNDS, both(rest, IS_REFUNDED_LAST)


def _pages(wanted: Filter) -> list[str]:
    """Conditions whose orders an index has in the order of the list; together they have all orders that match.

    Served by ix_orders_recent, ix_orders_paid, ix_orders_shipped and ix_orders_cancelled, and by ix_orders_owner_status and
    ix_orders_status, merged from one page per status.
    """
    if wanted.by != "placed":
        return ["true"]
    if wanted.owner_sql:
        return [f"{wanted.owner_sql} AND o.status = '{status}'" for status in wanted.statuses or STATUSES]
    return [f"o.status = '{status}'" for status in wanted.statuses] or ["true"]


def _read_few(tenant_id: int, wanted: Filter, few: Few, before: PageCursor, limit: int) -> tuple[PageCursor, ...]:
    """The places of the matching orders among those that meet the condition `few`."""
    at = f"o.{TIME_COLUMNS[wanted.by]}" if wanted.by in TIME_COLUMNS else LAST_REFUND
    if wanted.by == "revenue":
        at = f"greatest(CASE WHEN {PAID_IN_RANGE} THEN o.paid_at END, {LAST_REFUND})"
    statement = FEW_ORDERS.format(few=few.sql, at=at, rest=both(*wanted.conditions.values()))
    place = {"before_at": before.at, "before_id": before.id}
    rows = db.session.execute(text(statement), few.values | place | {"tenant": tenant_id, "limit": limit})
    return tuple(PageCursor(row.at, row.id) for row in rows)
