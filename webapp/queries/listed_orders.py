"""Rows that a page of the orders list shows already, as they are now: read by id, in the page's order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select

from ..db import db
from ..models import Order, Tenant, User
from .order_search import FoundOrder


def read(tenant: Tenant, ids: Sequence[int]) -> tuple[FoundOrder, ...]:
    """Those of `ids` that the tenant still has, whether or not they still match what the page was searched for.

    A row must not leave the list while a person points at it.
    """
    columns = [getattr(Order, name) for name in FoundOrder.__dataclass_fields__ if name != "owner"]
    columns.insert(3, User.name)
    owner = and_(User.tenant_id == Order.tenant_id, User.id == Order.owner_id)
    statement = select(*columns).outerjoin_from(Order, User, owner)
    rows = db.session.execute(statement.where(Order.tenant_id == tenant.id, Order.id.in_(ids)))
    found = {order.id: order for order in (FoundOrder(*row) for row in rows)}
    return tuple(found[order_id] for order_id in ids if order_id in found)
