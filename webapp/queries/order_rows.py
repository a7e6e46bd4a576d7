"""Rows of the list of orders, as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..models import Tenant
from .order_filter import PAID_IN_RANGE, REFUNDS_IN_RANGE, TIME_COLUMNS, Filter
from .own_orders import TeamStatement

SQL = """
SELECT o.id, o.number, o.customer, u.name AS owner, o.total_minor, o.refunded_minor, o.status, o.placed_at,
       {at} AS at, {counted} AS counted_minor
FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS listed (id, n)
JOIN orders o ON o.tenant_id = :tenant /* own o */ AND o.id = listed.id
LEFT JOIN users u ON u.tenant_id = o.tenant_id AND u.id = o.owner_id
{refunds} ORDER BY listed.n
"""
REFUNDS = (
    "LEFT JOIN LATERAL (SELECT sum(e.amount_minor)::bigint AS amount_minor, max(e.occurred_at) AS last_at"  # noqa: S608 - constants only
    f" FROM {REFUNDS_IN_RANGE}) AS refund ON true"
)
REFUNDED = "coalesce(refund.amount_minor, 0)"
REVENUE = f"CASE WHEN {PAID_IN_RANGE} THEN o.total_minor ELSE 0 END - {REFUNDED}"
LAST_MOVE = f"greatest(CASE WHEN {PAID_IN_RANGE} THEN o.paid_at END, refund.last_at)"


@dataclass(frozen=True)
class FoundOrder:
    """One row of the list; amounts in minor units. `owner` is None for an unassigned order.

    `at` is the time that the list is sorted by; it is None if the order no longer has one. `counted_minor` is what the order
    adds to the sum of the list: its total, or its revenue or refund in the range of dates.
    """

    id: int
    number: str
    customer: str
    owner: str | None
    total_minor: int
    refunded_minor: int
    status: str
    placed_at: datetime
    at: datetime | None
    counted_minor: int


def read(tenant: Tenant, ids: Sequence[int], wanted: Filter, owner_id: int | None = None) -> tuple[FoundOrder, ...]:
    """The tenant's orders with these ids, in this order, whether or not they match the filter.

    With `owner_id` only the orders of that salesperson.
    """
    rows = TeamStatement(_statement(wanted)).execute(owner_id, _values(tenant, ids, wanted))
    return tuple(FoundOrder(**row._mapping) for row in rows)


def sum_of(tenant: Tenant, ids: Sequence[int], wanted: Filter) -> int:
    """The amount that these orders add to the sum of the list, in minor units."""
    statement = f"SELECT coalesce(sum(counted_minor), 0)::bigint FROM ({_statement(wanted)}) AS listed"  # noqa: S608 - constants
    found: int = TeamStatement(statement).execute(None, _values(tenant, ids, wanted)).scalar_one()
    return found


def _statement(wanted: Filter) -> str:
    if column := TIME_COLUMNS.get(wanted.by):
        return SQL.format(at=f"o.{column}", counted="o.total_minor", refunds="")
    if wanted.by == "refunded":
        return SQL.format(at="refund.last_at", counted=REFUNDED, refunds=REFUNDS)
    return SQL.format(at=LAST_MOVE, counted=REVENUE, refunds=REFUNDS)


def _values(tenant: Tenant, ids: Sequence[int], wanted: Filter) -> dict[str, Any]:
    return wanted.values | {"tenant": tenant.id, "ids": list(ids)}
