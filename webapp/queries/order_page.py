"""One order with its lines and its activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from ..accounts.permissions import Permission, may
from ..db import db
from ..language import gettext as _
from ..models import Order, OrderEvent, OrderLine, Tenant, User
from ..orders.errors import OrderNotFound
from ..orders.rules import OrderState


@dataclass(frozen=True)
class ShownLine:
    """A line of the order; amounts in minor units."""

    sku: str
    product: str
    quantity: Decimal
    unit_price_minor: int
    total_minor: int


@dataclass(frozen=True)
class TimelineEntry:
    """One event of the order. `actor` is the user who acted, or None for a program.

    `role` is a program's role in PostgreSQL, None for Doorbell's own. The program itself sets its name `via` and the user
    that it claims to act for, `claimed_actor`.
    """

    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str | None
    via: str
    role: str | None
    claimed_actor: str | None
    amount_minor: int | None
    old: dict[str, Any]
    new: dict[str, Any]


@dataclass(frozen=True)
class OrderPage:
    """An order's page. `freight_minor` is the total minus the lines, 0 without lines.

    `user_names` has all users of the tenant by id. `owners` has the possible owners by id: the active users who may change own
    orders, and the present owner.
    """

    order: OrderState
    lines: tuple[ShownLine, ...]
    activity: tuple[TimelineEntry, ...]
    user_names: dict[int, str]
    owners: dict[int, str]

    @property
    def freight_minor(self) -> int:
        return self.order.total_minor - sum(line.total_minor for line in self.lines) if self.lines else 0


def read(tenant: Tenant, number: str, owner_id: int | None = None) -> OrderPage:
    """The page of the order with this number. With `owner_id` only an order of that salesperson. Raises OrderNotFound."""
    page = _read(tenant, Order.number == number, _is_owned(owner_id))
    if page is None:
        raise _not_found(number)
    return page


def read_by_id(tenant: Tenant, order_id: int, owner_id: int | None = None) -> OrderPage | None:
    """The same by id, which never changes; None if the order was deleted or belongs to another tenant."""
    return _read(tenant, Order.id == order_id, _is_owned(owner_id))


def owner_of(tenant: Tenant, number: str, only_owner: int | None) -> int | None:
    """The owner's id, None for an unassigned order. With `only_owner` only of an order of that salesperson.

    Raises OrderNotFound.
    """
    condition = (Order.tenant_id == tenant.id, Order.number == number, _is_owned(only_owner))
    # Not in the request's session: a request that holds its connection while a verb waits for another could wait for ever.
    with Session(db.engine) as reading:
        row = reading.execute(select(Order.owner_id).where(*condition)).one_or_none()
    if row is None:
        raise _not_found(number)
    owner_id: int | None = row.owner_id
    return owner_id


def _not_found(number: str) -> OrderNotFound:
    return OrderNotFound(_("There is no order %(number)s. Search for it in the list of orders.", number=repr(number)))


def _is_owned(owner_id: int | None) -> ColumnElement[bool]:
    return true() if owner_id is None else Order.owner_id == owner_id


def _read(tenant: Tenant, *conditions: ColumnElement[bool]) -> OrderPage | None:
    columns = [getattr(Order, name) for name in OrderState.__dataclass_fields__]
    row = db.session.execute(select(*columns).where(Order.tenant_id == tenant.id, *conditions)).one_or_none()
    if row is None:
        return None
    order = OrderState(*row)
    users = _users(tenant)
    return OrderPage(
        order=order,
        lines=_lines(tenant.id, order.id),
        activity=_activity(tenant.id, order.id),
        user_names={user.id: user.name for user in users},
        owners={user.id: _shown_name(user) for user in users if _gets_orders(user) or user.id == order.owner_id},
    )


def number_of(tenant: Tenant, order_id: int, owner_id: int | None = None) -> str | None:
    """The order's present number; None if it was deleted or belongs to another tenant, or to another owner than `owner_id`."""
    condition = (Order.tenant_id == tenant.id, Order.id == order_id, _is_owned(owner_id))
    return db.session.scalar(select(Order.number).where(*condition))


def team(tenant: Tenant) -> Sequence[User]:
    """The tenant's active users by name."""
    return [user for user in _users(tenant) if user.disabled_at is None]


def owners(tenant: Tenant) -> Sequence[User]:
    """The users who get new orders, by name: neither disabled users nor viewers."""
    return [user for user in _users(tenant) if _gets_orders(user)]


def _gets_orders(user: User) -> bool:
    return user.disabled_at is None and may(user, Permission.CHANGE_OWN_ORDERS)


def salespeople(tenant: Tenant) -> dict[int, str]:
    """The names of all users by id, for the filter of orders. Disabled users are marked."""
    return {user.id: _shown_name(user) for user in _users(tenant)}


def _users(tenant: Tenant) -> Sequence[User]:
    return db.session.scalars(select(User).where(User.tenant_id == tenant.id).order_by(User.name, User.id)).all()


def _shown_name(user: User) -> str:
    return user.name if user.disabled_at is None else f"{user.name} (disabled)"


def _lines(tenant_id: int, order_id: int) -> tuple[ShownLine, ...]:
    columns = [getattr(OrderLine, name) for name in ShownLine.__dataclass_fields__]
    mine = and_(OrderLine.tenant_id == tenant_id, OrderLine.order_id == order_id)
    return tuple(
        ShownLine(*row) for row in db.session.execute(select(*columns).where(mine).order_by(OrderLine.position))
    )


def _activity(tenant_id: int, order_id: int) -> tuple[TimelineEntry, ...]:
    """The order's events, newest first. Served by ix_order_events_order."""
    event, claimed_actor = OrderEvent, aliased(User)
    role = func.tenancy_other_program(event.written_by)
    columns = (event.type, event.occurred_at, event.recorded_at, User.name, event.via, role, claimed_actor.name)
    statement = select(*columns, event.amount_minor, event.old_values, event.new_values)
    statement = statement.outerjoin_from(event, User, _is_user(User, event.actor_id))
    statement = statement.outerjoin(claimed_actor, _is_user(claimed_actor, event.claimed_actor_id))
    mine = and_(event.tenant_id == tenant_id, event.order_id == order_id)
    rows = db.session.execute(statement.where(mine).order_by(event.id.desc()))
    return tuple(
        TimelineEntry(type_, occurred_at, recorded_at, actor, via, role, claimed, amount, _values(old), _values(new))
        for type_, occurred_at, recorded_at, actor, via, role, claimed, amount, old, new in rows
    )


def _is_user(user: type[User], id_: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    """Whether `id_` is `user` of the event's tenant, because another program may write any id."""
    return and_(user.tenant_id == OrderEvent.tenant_id, user.id == id_)


def _values(from_json: dict[str, Any] | None) -> dict[str, Any]:
    """The values of an event, with the fields named …_at parsed as times, which JSON lacks."""
    return {
        field: datetime.fromisoformat(value) if field.endswith("_at") and value else value
        for field, value in (from_json or {}).items()
    }
