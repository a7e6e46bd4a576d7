"""The list of orders: searched by number or customer, filtered by status, paged by key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select, tuple_

from ..db import db
from ..models import Order, Tenant, User

PAGE_ROWS = 50
_ID = re.compile(r"[0-9]{1,19}")


class CursorInvalid(ValueError):
    """The `before` of an address is not one that this list has made."""


@dataclass(frozen=True)
class Cursor:
    """The last row of a page. The next page begins after it, however many orders were placed meanwhile."""

    placed_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.placed_at.isoformat()}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises CursorInvalid."""
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


@dataclass(frozen=True)
class FoundOrder:
    """One row; amounts in minor units, `owner` None when nobody owns it."""

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
    """A page of orders, newest first; `older` leads to the next, None on the last."""

    orders: tuple[FoundOrder, ...]
    older: Cursor | None


def read(tenant: Tenant, words: str = "", status: str = "", before: Cursor | None = None) -> Found:
    """`words` is the beginning of a number or a part of a customer's name, whatever the case."""
    rows = [FoundOrder(*row) for row in db.session.execute(_statement(tenant.id, words, status, before))]
    page = tuple(rows[:PAGE_ROWS])
    return Found(page, Cursor(page[-1].placed_at, page[-1].id) if len(rows) > PAGE_ROWS else None)


def _statement(tenant_id: int, words: str, status: str, before: Cursor | None) -> Select[Any]:
    """Walks ix_orders_recent, so a page costs the same wherever it lies. A search reads on until it has a page full."""
    columns = [getattr(Order, name) for name in FoundOrder.__dataclass_fields__ if name != "owner"]
    columns.insert(3, User.name)
    owner = and_(User.tenant_id == Order.tenant_id, User.id == Order.owner_id)
    statement = select(*columns).outerjoin_from(Order, User, owner).where(Order.tenant_id == tenant_id)
    if words:
        number = Order.number.istartswith(words, autoescape=True)
        statement = statement.where(or_(number, Order.customer.icontains(words, autoescape=True)))
    if status:
        statement = statement.where(Order.status == status)
    if before:
        statement = statement.where(tuple_(Order.placed_at, Order.id) < (before.placed_at, before.id))
    return statement.order_by(Order.placed_at.desc(), Order.id.desc()).limit(PAGE_ROWS + 1)
