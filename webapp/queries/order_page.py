"""One order with its lines and all that happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, aliased

from ..db import db
from ..models import Order, OrderEvent, OrderLine, Tenant, User
from ..orders.rules import OrderNotFound, OrderState, allowed


@dataclass(frozen=True)
class ShownLine:
    """Amounts in minor units."""

    sku: str
    product: str
    quantity: Decimal
    unit_price_minor: int
    total_minor: int


@dataclass(frozen=True)
class TimelineEntry:
    """One event. `actor` is the user who acted, None when a program did.

    A program is known by the role that it signed in to PostgreSQL with: `role`, None for Doorbell's own. `via` is what it
    called itself, and `claimed` the user for whom it said it acted.
    """

    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str | None
    via: str
    role: str | None
    claimed: str | None
    amount_minor: int | None
    old: dict[str, Any]
    new: dict[str, Any]


@dataclass(frozen=True)
class OrderPage:
    """`freight_minor` is what the total has beside its lines; `allowed_actions` holds the verbs that the rules let through.

    `owners` are those who may own the order, by id: the active users, and its present owner, who may be disabled.
    """

    order: OrderState
    lines: tuple[ShownLine, ...]
    history: tuple[TimelineEntry, ...]
    allowed_actions: frozenset[str]
    names: dict[int, str]  # of the tenant's users by id, disabled ones included
    owners: dict[int, str]

    @property
    def freight_minor(self) -> int:
        return self.order.total_minor - sum(line.total_minor for line in self.lines) if self.lines else 0


def read(tenant: Tenant, number: str) -> OrderPage:
    """Raises OrderNotFound."""
    page = _read(tenant, Order.number == number)
    if page is None:
        raise OrderNotFound(f"There is no order {number!r}. Search for it in the list of orders.")
    return page


def read_by_id(tenant: Tenant, order_id: int) -> OrderPage | None:
    """The same by what never changes about an order; None when it was deleted, or is another tenant's."""
    return _read(tenant, Order.id == order_id)


def _read(tenant: Tenant, which: ColumnElement[bool]) -> OrderPage | None:
    columns = [getattr(Order, name) for name in OrderState.__dataclass_fields__]
    row = db.session.execute(select(*columns).where(Order.tenant_id == tenant.id, which)).one_or_none()
    if row is None:
        return None
    order = OrderState(*row)
    users = _users(tenant)
    return OrderPage(
        order=order,
        lines=_lines(tenant.id, order.id),
        history=_history(tenant.id, order.id),
        allowed_actions=allowed(order),
        names={user.id: user.name for user in users},
        owners={user.id: _marked(user) for user in users if user.disabled_at is None or user.id == order.owner_id},
    )


def team(tenant: Tenant) -> Sequence[User]:
    """The tenant's users by name, without those who are disabled: they get no new orders."""
    return [user for user in _users(tenant) if user.disabled_at is None]


def salespeople(tenant: Tenant) -> dict[int, str]:
    """The names of all users by id, for finding orders: disabled ones keep theirs, and are marked."""
    return {user.id: _marked(user) for user in _users(tenant)}


def _users(tenant: Tenant) -> Sequence[User]:
    return db.session.scalars(select(User).where(User.tenant_id == tenant.id).order_by(User.name, User.id)).all()


def _marked(user: User) -> str:
    return user.name if user.disabled_at is None else f"{user.name} (disabled)"


def _lines(tenant_id: int, order_id: int) -> tuple[ShownLine, ...]:
    columns = [getattr(OrderLine, name) for name in ShownLine.__dataclass_fields__]
    mine = and_(OrderLine.tenant_id == tenant_id, OrderLine.order_id == order_id)
    return tuple(
        ShownLine(*row) for row in db.session.execute(select(*columns).where(mine).order_by(OrderLine.position))
    )


def _history(tenant_id: int, order_id: int) -> tuple[TimelineEntry, ...]:
    """Newest first, through ix_order_events_order."""
    event, claimed = OrderEvent, aliased(User)
    role = func.nullif(event.written_by, text("session_user"))
    columns = (event.type, event.occurred_at, event.recorded_at, User.name, event.via, role, claimed.name)
    statement = select(*columns, event.amount_minor, event.old_values, event.new_values)
    statement = statement.outerjoin_from(event, User, _is_user(User, event.actor_id))
    statement = statement.outerjoin(claimed, _is_user(claimed, event.claimed_actor_id))
    mine = and_(event.tenant_id == tenant_id, event.order_id == order_id)
    rows = db.session.execute(statement.where(mine).order_by(event.id.desc()))
    return tuple(
        TimelineEntry(type_, occurred_at, recorded_at, actor, via, role, claimed_by, amount, _values(old), _values(new))
        for type_, occurred_at, recorded_at, actor, via, role, claimed_by, amount, old, new in rows
    )


def _is_user(user: type[User], id_: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    """Of the event's own tenant: another program may name any number."""
    return and_(user.tenant_id == OrderEvent.tenant_id, user.id == id_)


def _values(from_json: dict[str, Any] | None) -> dict[str, Any]:
    """JSON has no times; in an event the fields named …_at are some."""
    return {
        field: datetime.fromisoformat(value) if field.endswith("_at") and value else value
        for field, value in (from_json or {}).items()
    }
