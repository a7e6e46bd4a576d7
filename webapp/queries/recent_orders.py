"""Recent orders: the latest by when they were placed, each with what last happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from ..db import db
from ..models import Tenant
from .day import today

LIMIT = 25  # rows on the board
DEFINITION = (
    f"The {LIMIT} orders placed last, whatever became of them, each with its latest change and who or what made it."
)

# Served by ix_orders_recent; the last event of each row by ix_order_events_order.
SELECT = """
    SELECT o.id, o.number, o.customer, owner.name AS owner, o.total_minor, o.refunded_minor, o.status, o.placed_at,
           last.id AS event_id, last.type, last.old_values, last.new_values, last.amount_minor, last.recorded_at,
           -- A role other than Doorbell's is named itself: what it calls itself (via) it may choose.
           coalesce(actor.name, nullif(last.written_by, session_user), last.via) AS by
    FROM {orders} o
    LEFT JOIN users owner ON owner.tenant_id = o.tenant_id AND owner.id = o.owner_id
    LEFT JOIN LATERAL (
        SELECT * FROM order_events e WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id ORDER BY e.id DESC LIMIT 1
    ) last ON true
    LEFT JOIN users actor ON actor.tenant_id = o.tenant_id AND actor.id = last.actor_id
    ORDER BY o.placed_at DESC, o.id DESC
"""
LATEST = "(SELECT * FROM orders WHERE tenant_id = :tenant ORDER BY placed_at DESC, id DESC LIMIT :limit)"
ONE = "(SELECT * FROM orders WHERE tenant_id = :tenant AND id = :order_id)"
LIST_SQL, ROW_SQL = text(SELECT.format(orders=LATEST)), text(SELECT.format(orders=ONE))


@dataclass(frozen=True)
class Change:
    """The last event of an order. `by` is the acting user's name, else the program that wrote."""

    event_id: int
    type: str
    old_status: str | None
    new_status: str | None
    amount_minor: int | None
    recorded_at: datetime
    by: str


@dataclass(frozen=True)
class RecentOrder:
    """One row. `owner` is None when nobody owns it, `change` when its events are gone (archived)."""

    id: int
    number: str
    customer: str
    owner: str | None
    total_minor: int
    refunded_minor: int
    status: str
    placed_at: datetime
    change: Change | None


@dataclass(frozen=True)
class RecentOrders:
    """`today` is the tenant's date: a change of another day is shown with its day."""

    orders: tuple[RecentOrder, ...]
    today: date


def read(tenant: Tenant, now: datetime) -> RecentOrders:
    rows = db.session.execute(LIST_SQL, {"tenant": tenant.id, "limit": LIMIT})
    return RecentOrders(tuple(_order(row) for row in rows), today(tenant.timezone, now).date)


def read_row(tenant: Tenant, now: datetime, order_id: int) -> RecentOrders:
    """The same for one order alone; without orders when it is gone or another tenant's."""
    rows = db.session.execute(ROW_SQL, {"tenant": tenant.id, "order_id": order_id})
    return RecentOrders(tuple(_order(row) for row in rows), today(tenant.timezone, now).date)


def _order(row: Row[Any]) -> RecentOrder:
    change = row.event_id and Change(
        event_id=row.event_id,
        type=row.type,
        old_status=(row.old_values or {}).get("status"),
        new_status=(row.new_values or {}).get("status"),
        amount_minor=row.amount_minor,
        recorded_at=row.recorded_at,
        by=row.by or "unknown",
    )
    return RecentOrder(
        id=row.id,
        number=row.number,
        customer=row.customer,
        owner=row.owner,
        total_minor=row.total_minor,
        refunded_minor=row.refunded_minor,
        status=row.status,
        placed_at=row.placed_at,
        change=change or None,
    )
