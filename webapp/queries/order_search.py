"""The list of orders: searched by number, customer and salesperson, filtered by status and salesperson, paged by key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, and_, func, select, text, tuple_, union_all

from ..db import db
from ..models import STATUSES, Order, Tenant, User
from . import order_words
from .order_words import Words

PAGE_ROWS = 50
MAX_SECONDS = 3  # statement timeout of the list
# The newest orders that a search reads before it uses the index of words; about 4 ms.
WALK_ROWS = 400
# After this time a search stops, and its next page continues from there.
SEARCH_MS = 22
_ID = re.compile(r"[0-9]{1,19}")


class CursorInvalid(ValueError):
    """The `before` of a URL is not a cursor of this list."""


@dataclass(frozen=True)
class PageCursor:
    """The last row of a page. The next page begins after it, even if orders were placed meanwhile."""

    placed_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.placed_at.isoformat()}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> PageCursor:
        """The cursor from its text in a URL. Raises CursorInvalid."""
        placed_at, _, order_id = text.partition("_")
        try:
            moment = datetime.fromisoformat(placed_at)
            if moment.tzinfo is None or not _ID.fullmatch(order_id):
                raise ValueError
            cursor = cls(moment.astimezone(UTC), int(order_id))
        except (ValueError, OverflowError):
            raise CursorInvalid(text[:80]) from None
        if not 0 < cursor.id < 2**63:
            raise CursorInvalid(text[:80])
        return cursor


END = PageCursor(datetime(9001, 1, 1, tzinfo=UTC), 1)  # after every order


@dataclass(frozen=True)
class Filter:
    """The orders to list: those that match all `words`, the status and the owner; "" and None match all.

    A word matches the beginning of a number, or of a word of the customer's or salesperson's name, ignoring case and accents.
    """

    words: str = ""
    status: str = ""
    owner_id: int | None = None

    def __bool__(self) -> bool:
        return bool(self.words or self.status or self.owner_id)


ALL = Filter()


@dataclass(frozen=True)
class FoundOrder:
    """One row of the list; amounts in minor units. `owner` is None for an unassigned order."""

    id: int
    number: str
    customer: str
    owner: str | None
    total_minor: int
    refunded_minor: int
    status: str
    placed_at: datetime


@dataclass(frozen=True)
class Found:
    """A page of orders, newest first. `older` is the cursor of the next page, None on the last.

    If the search `stopped` after SEARCH_MS, the page is not full, and older orders may match.
    """

    orders: tuple[FoundOrder, ...]
    older: PageCursor | None
    stopped: bool = False


def read(tenant: Tenant, wanted: Filter = ALL, before: PageCursor | None = None) -> Found:
    """A page of the orders that match. Raises OperationalError (QueryCanceled) after MAX_SECONDS in PostgreSQL."""
    ids, stopped_at = read_ids(tenant.id, wanted, before, PAGE_ROWS + 1)
    rows = read_rows(tenant.id, ids)
    page = rows[:PAGE_ROWS]
    if len(rows) > PAGE_ROWS:
        return Found(page, PageCursor(page[-1].placed_at, page[-1].id))
    return Found(page, stopped_at, stopped_at is not None)


def read_ids(
    tenant_id: int, wanted: Filter, before: PageCursor | None, limit: int
) -> tuple[Sequence[int], PageCursor | None]:
    """Up to `limit` ids of the matching orders, newest first, and the cursor from which a stopped search continues.

    Raises OperationalError (QueryCanceled) after MAX_SECONDS in PostgreSQL.
    """
    db.session.execute(text(f"SET LOCAL statement_timeout = '{MAX_SECONDS}s'"))
    orders = _orders(tenant_id, wanted.status, before)
    if not wanted.words:
        return _of_owner(tenant_id, wanted, before, limit) if wanted.owner_id else _newest(orders, limit), None
    words = order_words.parse(tenant_id, wanted.words)
    if words.is_empty:  # only punctuation, perhaps a number
        mine = [Order.owner_id == wanted.owner_id] if wanted.owner_id else []
        return _newest(orders.where(Order.number == wanted.words, *mine), limit), None
    return _by_words(tenant_id, words, wanted, before or END, limit)


def _orders(tenant_id: int, status: str, before: PageCursor | None) -> Select[int, datetime]:
    orders = select(Order.id, Order.placed_at).where(Order.tenant_id == tenant_id)
    if status:
        orders = orders.where(Order.status == status)
    return orders.where(tuple_(Order.placed_at, Order.id) < (before.placed_at, before.id)) if before else orders


def _newest(orders: Select[int, datetime], limit: int) -> Sequence[int]:
    """The newest ids. Served by ix_orders_recent or ix_orders_status, which have this order."""
    ids = orders.order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit)
    return db.session.execute(ids).scalars().all()


def _of_owner(tenant_id: int, wanted: Filter, before: PageCursor | None, limit: int) -> Sequence[int]:
    """The newest ids of the owner, merged from one page per status. Served by ix_orders_owner_status."""
    pages = [
        _orders(tenant_id, status, before)
        .where(Order.owner_id == wanted.owner_id)
        .order_by(Order.placed_at.desc(), Order.id.desc())
        .limit(limit)
        .subquery()
        for status in ([wanted.status] if wanted.status else STATUSES)
    ]
    found = union_all(*[select(page.c.id, page.c.placed_at) for page in pages]).subquery()
    newest_first = select(found.c.id).order_by(found.c.placed_at.desc(), found.c.id.desc())
    return db.session.execute(newest_first.limit(limit)).scalars().all()


def _by_words(
    tenant_id: int, words: Words, wanted: Filter, before: PageCursor, limit: int
) -> tuple[Sequence[int], PageCursor | None]:
    """The ids of a search by words, from order_search() in migrations/sql/0008_order_search.sql."""
    place = (wanted.status, before.placed_at, before.id)
    limits = (limit, WALK_ROWS, SEARCH_MS)
    found = func.order_search(tenant_id, words.query(wanted.owner_id), *place, *limits)
    rows = db.session.execute(select(found.table_valued("id", "placed_at", "stopped"))).all()
    stopped_at = next((PageCursor(row.placed_at, row.id) for row in rows if row.stopped), None)
    return [row.id for row in rows if not row.stopped], stopped_at


def read_rows(tenant_id: int, ids: Sequence[int]) -> tuple[FoundOrder, ...]:
    """The tenant's orders with these ids, newest first."""
    columns = [getattr(Order, name) for name in FoundOrder.__dataclass_fields__ if name != "owner"]
    columns.insert(3, User.name)
    owner = and_(User.tenant_id == Order.tenant_id, User.id == Order.owner_id)
    statement = select(*columns).outerjoin_from(Order, User, owner)
    statement = statement.where(Order.tenant_id == tenant_id, Order.id.in_(ids))
    newest_first = statement.order_by(Order.placed_at.desc(), Order.id.desc())
    return tuple(FoundOrder(*row) for row in db.session.execute(newest_first))
