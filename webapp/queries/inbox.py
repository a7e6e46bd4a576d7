"""The inbox: one user's notifications, newest first, and the number of unread ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from ..db import db
from ..models import Tenant, User
from .day import today

LIMIT = 20  # in the bell's list
PAGE_LIMIT = 200  # on the inbox page
# More new items than this are combined into one toast.
TOAST_LIMIT = 3

# A page keeps what it has shown as a snapshot, as in outbox/drain.py. Ids are assigned before the commit, so a notification
# below the newest seen id may still appear, and `id > newest` would miss it.
# Served by ix_notifications_inbox and ix_notifications_unread.
LIST_SQL = text("""
    SELECT counted.unread, pg_current_snapshot()::text AS seen, n.*
    FROM (SELECT count(*) AS unread FROM notifications
           WHERE tenant_id = :tenant AND user_id = :user AND read_at IS NULL) counted
    LEFT JOIN LATERAL (
        SELECT n.id, n.type, n.created_at, n.read_at, n.order_id, o.number, o.customer, o.total_minor
        FROM notifications n JOIN orders o ON o.tenant_id = n.tenant_id AND o.id = n.order_id
        WHERE n.tenant_id = :tenant AND n.user_id = :user ORDER BY n.id DESC LIMIT :limit
    ) n ON true ORDER BY n.id DESC
""")
NEW_ITEMS_SQL = text("""
    WITH new_items AS (
        SELECT * FROM notifications
        WHERE tenant_id = :tenant AND user_id = :user AND read_at IS NULL
            AND NOT pg_visible_in_snapshot(xid, CAST(:seen AS pg_snapshot))
    )
    SELECT (SELECT count(*) FROM notifications
             WHERE tenant_id = :tenant AND user_id = :user AND read_at IS NULL) AS unread,
           counted.orders, counted.notifications, counted.types, counted.total,
           pg_current_snapshot()::text AS seen,
           n.id, n.type, n.created_at, n.read_at, n.order_id, o.number, o.customer, o.total_minor
    FROM (SELECT count(DISTINCT order_id) AS orders, count(*) AS notifications,
                 array_agg(DISTINCT type) AS types,
                 (SELECT coalesce(sum(total_minor), 0) FROM orders
                   WHERE tenant_id = :tenant AND id IN (SELECT order_id FROM new_items))::bigint AS total
          FROM new_items) counted
    LEFT JOIN LATERAL (SELECT * FROM new_items ORDER BY id DESC LIMIT :limit) n ON true
    LEFT JOIN orders o ON o.tenant_id = n.tenant_id AND o.id = n.order_id
    ORDER BY n.id DESC
""")


@dataclass(frozen=True)
class InboxItem:
    """One notification: the change (`type`) of one order."""

    id: int
    type: str
    created_at: datetime
    is_read: bool
    order_id: int
    number: str
    customer: str
    total_minor: int


@dataclass(frozen=True)
class Inbox:
    """The newest items, newest first. `unread` counts all unread notifications; `seen` is the snapshot of this query."""

    items: tuple[InboxItem, ...]
    unread: int
    seen: str
    today: date


@dataclass(frozen=True)
class NewItems(Inbox):
    """The unread items since a page's snapshot: `count` in all, of which `items` has the newest TOAST_LIMIT.

    They concern `orders` orders with a sum of totals `total_minor`, and have these `types`.
    """

    count: int
    orders: int
    types: tuple[str, ...]
    total_minor: int


def read(tenant: Tenant, now: datetime, user: User, limit: int = LIMIT) -> Inbox:
    rows = db.session.execute(LIST_SQL, {"tenant": tenant.id, "user": user.id, "limit": limit}).all()
    return Inbox(_items(rows), rows[0].unread, rows[0].seen, today(tenant.timezone, now).date)


def read_new_items(tenant: Tenant, now: datetime, user: User, seen: str) -> NewItems:
    """The unread items that were not yet committed in the snapshot `seen`."""
    values = {"tenant": tenant.id, "user": user.id, "seen": seen, "limit": TOAST_LIMIT}
    rows = db.session.execute(NEW_ITEMS_SQL, values).all()
    counted = rows[0]
    return NewItems(
        _items(rows),
        unread=counted.unread,
        seen=counted.seen,
        today=today(tenant.timezone, now).date,
        count=counted.notifications,
        orders=counted.orders,
        types=tuple(counted.types or ()),
        total_minor=counted.total,
    )


def _items(rows: Sequence[Row[Any]]) -> tuple[InboxItem, ...]:
    return tuple(
        InboxItem(
            row.id,
            row.type,
            row.created_at,
            row.read_at is not None,
            row.order_id,
            row.number,
            row.customer,
            row.total_minor,
        )
        for row in rows
        if row.id is not None
    )
