"""The unread notifications since a page's snapshot: toasts, one per notification or folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from ..db import db
from ..events.notification_kinds import KINDS
from ..models import Tenant, User
from . import notification_preferences
from .day import today
from .inbox import COLUMNS, JOINS, UNREAD_MAX, UNREAD_SQL, Inbox, InboxItem, item_of
from .notification_preferences import Preferences

# More new items than this are folded: one toast per subject and channels.
TOAST_LIMIT = 3

# `types` and `folds` are parallel arrays: the fold of each kind that uses a channel now. A notification of another kind counts
# as unread only. Served by ix_notifications_unread, whose xid limits the read to what is new.
SQL = text(f"""
    WITH new_items AS (
        SELECT n.*, wanted.fold
        FROM notifications n
        LEFT JOIN unnest(CAST(:types AS text[]), CAST(:folds AS int[])) AS wanted (type, fold) ON wanted.type = n.type
        WHERE n.tenant_id = :tenant AND n.user_id = :user AND n.read_at IS NULL
            AND n.xid >= pg_snapshot_xmin(CAST(:seen AS pg_snapshot))
            AND NOT pg_visible_in_snapshot(n.xid, CAST(:seen AS pg_snapshot))
        ORDER BY n.xid DESC LIMIT {UNREAD_MAX}
    ), folded AS (
        SELECT fold, count(*) AS notifications, count(DISTINCT coalesce(order_id, destination_id)) AS subjects,
               array_agg(DISTINCT type) AS types,
               (SELECT coalesce(sum(total_minor), 0) FROM orders
                 WHERE tenant_id = :tenant AND id IN (SELECT order_id FROM new_items i WHERE i.fold = f.fold))::bigint AS total
        FROM new_items f WHERE fold IS NOT NULL GROUP BY fold
    ), newest AS (
        SELECT * FROM (
            SELECT *, row_number() OVER (PARTITION BY fold ORDER BY id DESC) AS place
            FROM new_items WHERE fold IS NOT NULL
        ) AS placed WHERE place <= :limit
    )
    SELECT ({UNREAD_SQL}) AS unread,
           (SELECT count(*) FROM new_items) AS new, pg_current_snapshot()::text AS seen, n.fold,
           folded.notifications, folded.subjects, folded.types, folded.total, {COLUMNS}
    FROM (VALUES (1)) AS one
    LEFT JOIN newest n ON true
    LEFT JOIN folded ON folded.fold = n.fold
    {JOINS}
    ORDER BY n.id DESC
""")  # noqa: S608 - only our constants


@dataclass(frozen=True)
class Fold:
    """New items of one subject (events/notification_kinds.py) that use the same channels: one toast, if there are many.

    They are `count` notifications of `types` about `subjects` different orders or webhooks, the orders with a sum of totals
    `total_minor`. `items` are the newest TOAST_LIMIT.
    """

    subject: str
    channels: frozenset[str]
    count: int
    subjects: int
    types: tuple[str, ...]
    total_minor: int
    items: tuple[InboxItem, ...]


@dataclass(frozen=True)
class NewItems(Inbox):
    """The news since a page's snapshot: `count` unread notifications. `items` and `folds` have those that use a channel now.

    `items` is complete unless `is_folded`; it has at most TOAST_LIMIT of each fold. The folds have the order of their kinds.
    """

    count: int
    folds: tuple[Fold, ...]

    @property
    def is_folded(self) -> bool:
        """Whether there are too many for one toast each."""
        return sum(fold.count for fold in self.folds) > TOAST_LIMIT


def read(tenant: Tenant, now: datetime, user: User, seen: str) -> NewItems:
    """The unread items that were not yet committed in the snapshot `seen`, with the user's preferences applied."""
    preferences = notification_preferences.read(tenant, user)
    return read_with(tenant, now, user, seen, channels_now(preferences, now, tenant))


def channels_now(preferences: Preferences, now: datetime, tenant: Tenant) -> dict[str, frozenset[str]]:
    """The channels of each kind now: mutes and quiet hours are applied."""
    is_quiet = preferences.is_quiet(now, tenant.timezone)
    return {kind.name: preferences.channels(kind.name, is_quiet) for kind in KINDS}


def read_with(tenant: Tenant, now: datetime, user: User, seen: str, channels: Mapping[str, frozenset[str]]) -> NewItems:
    """The same, with the given channels of each kind."""
    keys: list[tuple[str, frozenset[str]]] = []
    fold_of: dict[str, int] = {}
    for kind in KINDS:
        key = (kind.subject, channels.get(kind.name, frozenset()))
        if key[1]:
            keys += [key] if key not in keys else []
            fold_of[kind.name] = keys.index(key)
    values = {"tenant": tenant.id, "user": user.id, "seen": seen, "limit": TOAST_LIMIT}
    values |= {"types": list(fold_of), "folds": list(fold_of.values())}
    rows = db.session.execute(SQL, values).all()
    shown = [(row, item_of(row, user, keys[row.fold][1])) for row in rows if row.id is not None]
    folded = {row.fold: row for row, _item in shown}
    folds = tuple(
        _fold(keys[number], row, tuple(item for other, item in shown if other.fold == number))
        for number, row in sorted(folded.items())
    )
    return NewItems(
        tuple(item for _row, item in shown),
        unread=rows[0].unread,
        seen=rows[0].seen,
        today=today(tenant.timezone, now).date,
        count=rows[0].new,
        folds=folds,
    )


def _fold(key: tuple[str, frozenset[str]], row: Any, items: tuple[InboxItem, ...]) -> Fold:
    subject, channels = key
    return Fold(subject, channels, row.notifications, row.subjects, tuple(row.types), row.total, items)
