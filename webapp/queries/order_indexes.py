"""The conditions of a filter that an index serves, and whether few orders meet them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from ..db import db
from . import order_sources
from .order_filter import PAID_IN_RANGE, TIME_COLUMNS, Filter, both

COUNT = "SELECT count(*) FROM (SELECT FROM orders o WHERE o.tenant_id = :tenant AND {condition} LIMIT :most) AS counted"


@dataclass(frozen=True)
class Few:
    """A condition on `orders o` that few orders may meet, and the parameters of the filter. It is all of its `fields`.

    Orders that `are_close` lie together in the table, because an index gives them in the order of a time.
    """

    sql: str
    fields: frozenset[str]
    values: dict[str, Any]
    are_close: bool = False

    def is_all_of(self, wanted: Filter) -> bool:
        return wanted.fields <= self.fields


def find_few(tenant_id: int, wanted: Filter, most: int) -> Few | None:
    """A condition of the filter that at most `most` orders of the tenant meet."""
    return next((each for each in conditions(tenant_id, wanted) if count(tenant_id, each, most + 1) <= most), None)


def count(tenant_id: int, condition: Few, most: int) -> int:
    """The number of orders that meet the condition, counted up to `most`. Served by an index alone."""
    statement = text(COUNT.format(condition=condition.sql))
    found: int = db.session.execute(statement, condition.values | {"tenant": tenant_id, "most": most}).scalar_one()
    return found


def payments(wanted: Filter) -> Few:
    """The payments in the dates of revenue. Refunds in these dates may be of further orders."""
    return Few(PAID_IN_RANGE, frozenset({"time"}), wanted.values, wanted.has_dates)


def conditions(tenant_id: int, wanted: Filter) -> Iterator[Few]:
    """Each condition that an index serves and that all matching orders meet. Dates of refunds are in order_events.

    Served by an index per time, ix_orders_source_total, ix_orders_owner_status and ix_orders_status.
    """
    values, is_placed = wanted.values, wanted.by == "placed"
    has_time = wanted.by in TIME_COLUMNS
    time = Few(wanted.time_sql, frozenset({"time"}), values, wanted.has_dates or is_placed)
    # The indexes by owner and by status go on with the time of placement.
    also: set[str] = {"time"} if is_placed else set()
    dates = time.sql if is_placed and wanted.has_dates else ""
    if has_time and wanted.has_dates:
        yield time
    if wanted.source or wanted.amount_sql:
        sources = [wanted.source] if wanted.source else order_sources.read(tenant_id)
        if len(sources) < order_sources.MAX_SOURCES:
            condition = "o.source = ANY (:sources) AND o.total_minor BETWEEN :min AND :max"
            yield Few(condition, frozenset({"source", "amount"}), values | {"sources": sources})
    if wanted.owner_sql:
        condition = both(wanted.owner_sql, "o.status = ANY (:statuses)", dates)
        yield Few(condition, frozenset({"owner", "status"} | also), values, bool(dates))
    elif wanted.status:
        yield Few(both("o.status = ANY (:statuses)", dates), frozenset({"status"} | also), values, bool(dates))
    if has_time and not wanted.has_dates:
        yield time
