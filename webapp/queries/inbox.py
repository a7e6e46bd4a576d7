"""The inbox: one user's notifications, newest first, and the number of unread ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from ..accounts.permissions import Permission, may
from ..db import db
from ..models import Tenant, User
from .day import today
from .relay import SEEN_BY_TENANT

LIMIT = 20  # in the bell's list
# More unread notifications are not counted, because a count of 100,000 takes as long as the rest of a page.
UNREAD_MAX = 10_000

COLUMNS = """
    n.id, n.type, n.created_at, n.read_at, n.order_id, o.number, o.customer, o.total_minor, o.refunded_minor,
    n.destination_id, n.destination, n.error, d.id IS NOT NULL AS is_visible
"""
# A webhook may have been removed since, or may not be visible any more.
JOINS = f"""
    LEFT JOIN orders o ON o.tenant_id = n.tenant_id AND o.id = n.order_id
    LEFT JOIN relay_destinations d ON d.id = n.destination_id AND {SEEN_BY_TENANT}
"""
UNREAD_SQL = f"""
    SELECT count(*) AS unread FROM (
        SELECT FROM notifications WHERE tenant_id = :tenant AND user_id = :user AND read_at IS NULL LIMIT {UNREAD_MAX}
    ) AS unread_items
"""  # noqa: S608 - only our constants
# A page keeps what it has shown as a snapshot, as in outbox/drain.py. Ids are assigned before the commit, so a notification
# below the newest seen id may still appear, and `id > newest` would miss it.
# Served by ix_notifications_inbox and ix_notifications_unread.
LIST_SQL = text(f"""
    SELECT counted.unread, pg_current_snapshot()::text AS seen, {COLUMNS}
    FROM ({UNREAD_SQL}) AS counted
    LEFT JOIN (SELECT * FROM notifications
                WHERE tenant_id = :tenant AND user_id = :user ORDER BY id DESC LIMIT :limit) n ON true
    {JOINS}
    ORDER BY n.id DESC
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class InboxItem:
    """One notification: what happened (`type`), and when. `channels` are those that a new one uses now."""

    id: int
    type: str
    created_at: datetime
    is_read: bool
    channels: frozenset[str]


@dataclass(frozen=True)
class OrderItem(InboxItem):
    """The change of one order, such as "paid"."""

    order_id: int
    number: str
    customer: str
    total_minor: int
    refunded_minor: int


@dataclass(frozen=True)
class WebhookItem(InboxItem):
    """A webhook was disabled: "failed" or "gone" (relay/disabling.py). `has_page`: the user may open its page."""

    webhook: str
    error: str | None
    has_page: bool


@dataclass(frozen=True)
class Inbox:
    """The newest items, newest first. `unread` counts all unread notifications, to UNREAD_MAX.

    `seen` is the snapshot of this query.
    """

    items: tuple[InboxItem, ...]
    unread: int
    seen: str
    today: date


def read(tenant: Tenant, now: datetime, user: User, limit: int = LIMIT) -> Inbox:
    rows = db.session.execute(LIST_SQL, {"tenant": tenant.id, "user": user.id, "limit": limit}).all()
    return Inbox(items_of(rows, user), rows[0].unread, rows[0].seen, today(tenant.timezone, now).date)


def items_of(rows: Sequence[Row[Any]], user: User) -> tuple[InboxItem, ...]:
    """The items of rows with COLUMNS. A row without a notification is left out."""
    return tuple(item_of(row, user) for row in rows if row.id is not None)


def item_of(row: Row[Any], user: User, channels: frozenset[str] = frozenset()) -> InboxItem:
    about = (row.id, row.type, row.created_at, row.read_at is not None, channels)
    if row.destination_id is not None:
        return WebhookItem(*about, row.destination, row.error, row.is_visible and may(user, Permission.MANAGE_RELAY))
    return OrderItem(*about, row.order_id, row.number, row.customer, row.total_minor, row.refunded_minor)
