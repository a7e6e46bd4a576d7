"""A page of the inbox: a user's notifications by a filter, newest first, or grouped by order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import text

from ..db import db
from ..models import Tenant, User
from .day import today
from .inbox import COLUMNS, JOINS, UNREAD_SQL, InboxItem, item_of

PAGE_ITEMS = 50
PAGE_GROUPS = 25
# The newest of an order that are shown in its group.
GROUP_ITEMS = 20

# A page of groups ends after this many notifications, of which most may be in groups of earlier pages.
GROUPED_ITEMS = 1000

# For "mark all": not those that came after the page. A snapshot would change the page, and its ETag, with each transaction.
_NEWEST = "SELECT max(id) FROM notifications WHERE tenant_id = :tenant AND user_id = :user"
# The unread notifications that the snapshot did not see: what is new since a page was left.
SINCE = (
    "{n}.xid >= pg_snapshot_xmin(CAST(:since AS pg_snapshot))"
    " AND NOT pg_visible_in_snapshot({n}.xid, CAST(:since AS pg_snapshot))"
)


@dataclass(frozen=True)
class InboxFilter:
    """The condition of a list: `unread` only, of one `kind`, unread `since` a snapshot. `is_grouped`: one entry per order."""

    unread: bool = False
    kind: str = ""
    since: str = ""
    is_grouped: bool = False

    def condition(self, n: str = "n") -> str:
        """SQL for a row `n` of notifications of the user."""
        conditions = (
            (True, f"{n}.tenant_id = :tenant AND {n}.user_id = :user"),
            (self.unread or bool(self.since), f"{n}.read_at IS NULL"),
            (bool(self.kind), f"{n}.type = :kind"),
            (bool(self.since), SINCE.format(n=n)),
        )
        return " AND ".join(sql for applies, sql in conditions if applies)

    @property
    def values(self) -> dict[str, str]:
        """The parameters of `condition` beside tenant and user."""
        return {name: value for name, value in (("kind", self.kind), ("since", self.since)) if value}

    @property
    def is_narrow(self) -> bool:
        """Whether notifications are left out."""
        return self.unread or bool(self.kind or self.since)


@dataclass(frozen=True)
class InboxPage:
    """`groups` are of one item each unless grouped by order. `unread` counts all unread notifications of the user.

    `older` is the id before which the next page begins, None on the last page. `newest` is the user's newest id.
    """

    groups: tuple[tuple[InboxItem, ...], ...]
    unread: int
    older: int | None
    newest: int
    today: date

    @property
    def has_unread(self) -> bool:
        """Whether an item on this page is unread."""
        return any(not item.is_read for group in self.groups for item in group)


def read(tenant: Tenant, now: datetime, user: User, wanted: InboxFilter, before: int | None = None) -> InboxPage:
    limit = PAGE_GROUPS if wanted.is_grouped else PAGE_ITEMS
    statement = _grouped(wanted, before) if wanted.is_grouped else _listed(wanted, before)
    values: dict[str, Any] = {"tenant": tenant.id, "user": user.id, "limit": limit + 1} | wanted.values
    rows = db.session.execute(text(statement), values if before is None else values | {"before": before}).all()
    found = [list(group) for _head, group in groupby((row for row in rows if row.id is not None), lambda row: row.head)]
    groups = tuple(tuple(item_of(row, user) for row in group) for group in found[:limit])
    older = groups[-1][0].id if len(found) > limit else rows[0].bound
    return InboxPage(groups, rows[0].unread, older, rows[0].newest or 0, today(tenant.timezone, now).date)


# Served by ix_notifications_inbox, ix_notifications_unread_list or ix_notifications_type, and since a snapshot by
# ix_notifications_unread.
def _listed(wanted: InboxFilter, before: int | None) -> str:
    return f"""
    SELECT counted.unread, ({_NEWEST}) AS newest, NULL::bigint AS bound, n.id AS head, {COLUMNS}
    FROM ({UNREAD_SQL}) AS counted
    LEFT JOIN ({_heads(wanted, before)}) n ON true
    {JOINS}
    ORDER BY n.id DESC
    """  # noqa: S608 - only our constants


# A group has the place of its newest notification. The others of its order are found by ix_notifications_order.
def _grouped(wanted: InboxFilter, before: int | None) -> str:
    # A subquery with a limit is executed per row. As an anti-join PostgreSQL may read all notifications of the user for it.
    newer = f"""
        AND n.id >= coalesce((SELECT id FROM bound), 0)
        AND (SELECT true FROM notifications m
              WHERE m.order_id = n.order_id AND m.id > n.id AND {wanted.condition("m")} LIMIT 1) IS NULL
    """  # noqa: S608 - only our constants
    return f"""
    WITH bound AS MATERIALIZED (
        SELECT n.id FROM notifications n WHERE {_from(wanted, before)} ORDER BY n.id DESC OFFSET {GROUPED_ITEMS - 1} LIMIT 1
    )
    SELECT counted.unread, ({_NEWEST}) AS newest, bound.id AS bound, heads.id AS head, {COLUMNS}
    FROM ({UNREAD_SQL}) AS counted
    LEFT JOIN bound ON true
    LEFT JOIN ({_heads(wanted, before, newer)}) heads ON true
    LEFT JOIN LATERAL (
        SELECT heads.*
        UNION ALL
        (SELECT m.* FROM notifications m
          WHERE m.order_id = heads.order_id AND m.id < heads.id AND {wanted.condition("m")}
          ORDER BY m.id DESC LIMIT {GROUP_ITEMS - 1})
    ) n ON heads.id IS NOT NULL
    {JOINS}
    ORDER BY heads.id DESC, n.id DESC
    """  # noqa: S608 - only our constants


def _heads(wanted: InboxFilter, before: int | None, more: str = "") -> str:
    return f"""
    SELECT n.* FROM notifications n WHERE {_from(wanted, before)} {more} ORDER BY n.id DESC LIMIT :limit
    """  # noqa: S608 - only our constants


def _from(wanted: InboxFilter, before: int | None) -> str:
    return wanted.condition() + ("" if before is None else " AND n.id < :before")
