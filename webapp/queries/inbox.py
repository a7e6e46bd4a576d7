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
from .relay import SEEN_BY_TENANT

LIMIT = 20  # in the bell's list
PAGE_LIMIT = 200  # on the inbox page
# More new items than this are combined into one toast per kind.
TOAST_LIMIT = 3

_COLUMNS = """
    n.id, n.type, n.created_at, n.read_at, n.order_id, o.number, o.customer, o.total_minor,
    n.destination_id, n.destination, n.error, d.id IS NOT NULL AS is_visible
"""
# A webhook may have been removed since, or may not be visible any more.
_JOINS = f"""
    LEFT JOIN orders o ON o.tenant_id = n.tenant_id AND o.id = n.order_id
    LEFT JOIN relay_destinations d ON d.id = n.destination_id AND {SEEN_BY_TENANT}
"""
# A page keeps what it has shown as a snapshot, as in outbox/drain.py. Ids are assigned before the commit, so a notification
# below the newest seen id may still appear, and `id > newest` would miss it.
# Served by ix_notifications_inbox and ix_notifications_unread.
LIST_SQL = text(f"""
    SELECT counted.unread, pg_current_snapshot()::text AS seen, {_COLUMNS}
    FROM (SELECT count(*) AS unread FROM notifications
           WHERE tenant_id = :tenant AND user_id = :user AND read_at IS NULL) counted
    LEFT JOIN (SELECT * FROM notifications
                WHERE tenant_id = :tenant AND user_id = :user ORDER BY id DESC LIMIT :limit) n ON true
    {_JOINS}
    ORDER BY n.id DESC
""")  # noqa: S608 - only our constants
NEW_ITEMS_SQL = text(f"""
    WITH new_items AS (
        SELECT * FROM notifications
        WHERE tenant_id = :tenant AND user_id = :user AND read_at IS NULL
            AND NOT pg_visible_in_snapshot(xid, CAST(:seen AS pg_snapshot))
    ), newest AS (
        (SELECT * FROM new_items WHERE destination_id IS NULL ORDER BY id DESC LIMIT :limit)
        UNION ALL
        (SELECT * FROM new_items WHERE destination_id IS NOT NULL ORDER BY id DESC LIMIT :limit)
    )
    SELECT (SELECT count(*) FROM notifications
             WHERE tenant_id = :tenant AND user_id = :user AND read_at IS NULL) AS unread,
           counted.orders, counted.webhooks, counted.notifications, counted.types, counted.total,
           pg_current_snapshot()::text AS seen, {_COLUMNS}
    FROM (SELECT count(DISTINCT order_id) AS orders, count(*) AS notifications,
                 count(DISTINCT destination_id) FILTER (WHERE destination_id IS NOT NULL) AS webhooks,
                 array_agg(DISTINCT type) FILTER (WHERE destination_id IS NULL) AS types,
                 (SELECT coalesce(sum(total_minor), 0) FROM orders
                   WHERE tenant_id = :tenant AND id IN (SELECT order_id FROM new_items))::bigint AS total
          FROM new_items) counted
    LEFT JOIN newest n ON true
    {_JOINS}
    ORDER BY n.id DESC
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class InboxItem:
    """One notification: what happened (`type`), and when."""

    id: int
    type: str
    created_at: datetime
    is_read: bool


@dataclass(frozen=True)
class OrderItem(InboxItem):
    """The change of one order, such as "paid"."""

    order_id: int
    number: str
    customer: str
    total_minor: int


@dataclass(frozen=True)
class WebhookItem(InboxItem):
    """A webhook was disabled: "failed" or "gone" (relay/disabling.py). `has_page`: the user may open its page."""

    webhook: str
    error: str | None
    has_page: bool


@dataclass(frozen=True)
class Inbox:
    """The newest items, newest first. `unread` counts all unread notifications; `seen` is the snapshot of this query."""

    items: tuple[InboxItem, ...]
    unread: int
    seen: str
    today: date


@dataclass(frozen=True)
class NewItems(Inbox):
    """The unread items since a page's snapshot: `count` in all, of which `items` has the newest TOAST_LIMIT of each kind.

    They concern `orders` orders with a sum of totals `total_minor` and these `types`, and `webhooks` webhooks.
    """

    count: int
    orders: int
    types: tuple[str, ...]
    total_minor: int
    webhooks: int

    @property
    def is_folded(self) -> bool:
        """Whether there are too many for one toast each."""
        return self.count > TOAST_LIMIT

    @property
    def of_orders(self) -> tuple[InboxItem, ...]:
        return tuple(item for item in self.items if isinstance(item, OrderItem))

    @property
    def of_webhooks(self) -> tuple[InboxItem, ...]:
        return tuple(item for item in self.items if isinstance(item, WebhookItem))


def read(tenant: Tenant, now: datetime, user: User, limit: int = LIMIT) -> Inbox:
    rows = db.session.execute(LIST_SQL, {"tenant": tenant.id, "user": user.id, "limit": limit}).all()
    return Inbox(_items(rows, user), rows[0].unread, rows[0].seen, today(tenant.timezone, now).date)


def read_new_items(tenant: Tenant, now: datetime, user: User, seen: str) -> NewItems:
    """The unread items that were not yet committed in the snapshot `seen`."""
    values = {"tenant": tenant.id, "user": user.id, "seen": seen, "limit": TOAST_LIMIT}
    rows = db.session.execute(NEW_ITEMS_SQL, values).all()
    counted = rows[0]
    return NewItems(
        _items(rows, user),
        unread=counted.unread,
        seen=counted.seen,
        today=today(tenant.timezone, now).date,
        count=counted.notifications,
        orders=counted.orders,
        types=tuple(counted.types or ()),
        total_minor=counted.total,
        webhooks=counted.webhooks,
    )


def _items(rows: Sequence[Row[Any]], user: User) -> tuple[InboxItem, ...]:
    return tuple(_item(row, user) for row in rows if row.id is not None)


def _item(row: Row[Any], user: User) -> InboxItem:
    about = (row.id, row.type, row.created_at, row.read_at is not None)
    if row.destination_id is not None:
        return WebhookItem(*about, row.destination, row.error, row.is_visible and user.role == "manager")
    return OrderItem(*about, row.order_id, row.number, row.customer, row.total_minor)
