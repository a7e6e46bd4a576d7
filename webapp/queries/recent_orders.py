"""Recent orders: the orders placed last, each with its latest change, which is not a comment.

Orders dated in the future come after all others, and only if there is room: a mistyped year must not hide today's orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from ..language import lazy_gettext
from ..models import STATUSES, Tenant
from .day import AHEAD, ahead_from, today
from .own_orders import TeamStatement

LIMIT = 10  # rows on the board
DEFINITION = lazy_gettext(
    "The %(count)s orders placed last, in any status, each with its latest change and its author. Orders dated in the future"
    " are marked and come last.",
    count=LIMIT,
)

# Served by ix_orders_recent; the last event of each row by ix_order_events_order.
SELECT = """
    SELECT o.id, o.number, o.customer, owner.name AS owner, o.total_minor, o.refunded_minor, o.status, o.placed_at,
           last.id AS event_id, last.type, last.old_values, last.new_values, last.amount_minor, last.recorded_at,
           -- Another program is shown by its role, because it can choose its name (via) freely.
           coalesce(actor.name, tenancy_other_program(last.written_by), last.via) AS by,
           (SELECT min(placed_at) FROM orders WHERE tenant_id = :tenant /* own */ AND placed_at > :ahead) AS next_at
    FROM {orders} o
    LEFT JOIN users owner ON owner.tenant_id = o.tenant_id AND owner.id = o.owner_id
    LEFT JOIN LATERAL (
        SELECT * FROM order_events e
        WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.type <> 'commented' ORDER BY e.id DESC LIMIT 1
    ) last ON true
    LEFT JOIN users actor ON actor.tenant_id = o.tenant_id AND actor.id = last.actor_id
    ORDER BY {order}
"""
ORDER = "o.placed_at > :ahead, CASE WHEN o.placed_at > :ahead THEN o.placed_at END, o.placed_at DESC, o.id DESC"
LATEST = """(
    SELECT * FROM (
        (SELECT * FROM orders WHERE tenant_id = :tenant AND placed_at <= :ahead ORDER BY placed_at DESC, id DESC LIMIT :limit)
        UNION ALL
        (SELECT * FROM orders WHERE tenant_id = :tenant AND placed_at > :ahead ORDER BY placed_at, id LIMIT :limit)
    ) AS o ORDER BY {order} LIMIT :limit
)"""
# The orders of one salesperson. Served by ix_orders_owner_status, one page per status.
_OWN = "(SELECT * FROM orders WHERE tenant_id = :tenant /* own */ AND status = '{status}' AND placed_at {page} LIMIT :limit)"
_PAGES = ("<= :ahead ORDER BY placed_at DESC, id DESC", "> :ahead ORDER BY placed_at, id")
_OWN_PAGES = " UNION ALL ".join(_OWN.format(status=status, page=page) for status in STATUSES for page in _PAGES)
OWN_LATEST = f"(SELECT * FROM ({_OWN_PAGES}) AS o ORDER BY {{order}} LIMIT :limit)"  # noqa: S608 - only our constants
ONE = "(SELECT * FROM orders WHERE tenant_id = :tenant /* own */ AND id = :order_id)"
_LATEST_SQL, _OWN_SQL, _ONE_SQL = (
    SELECT.format(orders=orders.format(order=ORDER), order=ORDER) for orders in (LATEST, OWN_LATEST, ONE)
)
LIST_SQL, ROW_SQL = TeamStatement(_LATEST_SQL, _OWN_SQL), TeamStatement(_ONE_SQL)


@dataclass(frozen=True)
class Change:
    """The last event of an order. `by` is the name of the acting user, else of the program that wrote it."""

    event_id: int
    type: str
    old_status: str | None
    new_status: str | None
    amount_minor: int | None
    recorded_at: datetime
    by: str


@dataclass(frozen=True)
class RecentOrder:
    """One row. `owner` is None for an unassigned order, `change` is None if the events were dropped by the retention.

    `placed_on` is the date in the tenant's zone. `is_ahead` orders are dated in the future. `is_backdated` orders were
    written on a later day than they were placed, as by an import.
    """

    id: int
    number: str
    customer: str
    owner: str | None
    total_minor: int
    refunded_minor: int
    status: str
    placed_at: datetime
    placed_on: date
    is_ahead: bool
    is_backdated: bool
    change: Change | None


@dataclass(frozen=True)
class RecentOrders:
    """The rows and `today`, the date in the tenant's zone: rows of other days are shown with their day.

    `next_at` is the time at which the next order dated in the future becomes present.
    """

    orders: tuple[RecentOrder, ...]
    today: date
    next_at: datetime | None = None


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> RecentOrders:
    return _read(tenant, now, owner_id, LIST_SQL, limit=LIMIT)


def read_row(tenant: Tenant, now: datetime, order_id: int, owner_id: int | None = None) -> RecentOrders:
    """The same for one order; empty if it was deleted or belongs to another tenant, or to another owner than `owner_id`."""
    return _read(tenant, now, owner_id, ROW_SQL, order_id=order_id)


def _read(tenant: Tenant, now: datetime, owner_id: int | None, statement: TeamStatement, **values: int) -> RecentOrders:
    ahead, zone = ahead_from(now), ZoneInfo(tenant.timezone)
    rows = statement.execute(owner_id, {"tenant": tenant.id, "ahead": ahead, **values}).all()
    next_at = rows[0].next_at - AHEAD if rows and rows[0].next_at else None
    return RecentOrders(tuple(_order(row, ahead, zone) for row in rows), today(tenant.timezone, now).date, next_at)


def _order(row: Row[Any], ahead: datetime, zone: ZoneInfo) -> RecentOrder:
    change = row.event_id and Change(
        event_id=row.event_id,
        type=row.type,
        old_status=(row.old_values or {}).get("status"),
        new_status=(row.new_values or {}).get("status"),
        amount_minor=row.amount_minor,
        recorded_at=row.recorded_at,
        by=row.by or "unknown",
    )
    placed_on = row.placed_at.astimezone(zone).date()
    return RecentOrder(
        id=row.id,
        number=row.number,
        customer=row.customer,
        owner=row.owner,
        total_minor=row.total_minor,
        refunded_minor=row.refunded_minor,
        status=row.status,
        placed_at=row.placed_at,
        placed_on=placed_on,
        is_ahead=row.placed_at > ahead,
        is_backdated=bool(change) and row.recorded_at.astimezone(zone).date() > placed_on,
        change=change or None,
    )
