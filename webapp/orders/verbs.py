"""The only Python that writes orders: place, pay, ship, refund, cancel, reassign.

Each verb is one transaction of its own, begun and committed in the verb: it locks the row, asks the rules
(orders/rules.py), writes. The trigger adds the event and the ring to the same transaction. They take a connection
themselves instead of joining `db.session`, so what a caller had open is neither committed nor rolled back with them.

All raise OrderError and have then written nothing. `actor_id` is the user who acts, None for a program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from ..db import db
from ..models import Order, OrderLine, Tenant, User
from .new_order import NewLine, NewOrder
from .rules import (
    FormUsed,
    OrderNotFound,
    OrderState,
    OwnerInvalid,
    check_cancellation,
    check_payment,
    check_refund,
    check_shipment,
)

_STATE = tuple(getattr(Order, name) for name in OrderState.__dataclass_fields__)


def place(
    tenant_id: int,
    customer: str,
    *,
    source: str,
    total_minor: int | None = None,
    lines: Sequence[NewLine] = (),
    freight_minor: int = 0,
    owner_id: int | None = None,
    actor_id: int | None = None,
    idempotency_key: UUID | None = None,
) -> OrderState:
    """Place an order of lines (and freight), or of a total alone, in the tenant's currency and next free number.

    With a `idempotency_key` that has placed an order, that order is returned and nothing written: a form sent twice places
    one. The token is kept in the order's row, so order and memory of it commit together; Redis could forget one of
    them. Raises FormUsed when the earlier order is another than this.
    """
    new = NewOrder(customer.strip(), tuple(lines), total_minor, freight_minor)
    new.check()
    with db.engine.begin() as transaction:
        _act_as(transaction, actor_id)
        _check_owner(transaction, tenant_id, owner_id)
        currency = _lock_numbers(transaction, tenant_id)
        if idempotency_key and (earlier := _placed_by(transaction, tenant_id, idempotency_key)):
            if (earlier.customer, earlier.total_minor, earlier.owner_id) != (new.customer, new.sum_minor, owner_id):
                raise FormUsed(earlier.number)
            return earlier
        values = {"tenant_id": tenant_id, "customer": new.customer, "owner_id": owner_id, "currency": currency}
        values |= {"total_minor": new.sum_minor, "source": source, "idempotency_key": idempotency_key}
        order = _insert_numbered(transaction, values)
        if lines:
            transaction.execute(insert(OrderLine), new.line_rows(tenant_id, order.id))
        return order


def pay(tenant_id: int, number: str, *, actor_id: int | None = None) -> OrderState:
    with db.engine.begin() as transaction:
        _act_as(transaction, actor_id)
        order = _lock(transaction, tenant_id, number)
        check_payment(order)
        return _change(transaction, tenant_id, order, paid_at=func.now())


def ship(tenant_id: int, number: str, *, actor_id: int | None = None) -> OrderState:
    with db.engine.begin() as transaction:
        _act_as(transaction, actor_id)
        order = _lock(transaction, tenant_id, number)
        check_shipment(order)
        return _change(transaction, tenant_id, order, shipped_at=func.now())


def refund(tenant_id: int, number: str, amount_minor: int, *, actor_id: int | None = None) -> OrderState:
    """Give back `amount_minor` of what was paid, in addition to earlier refunds."""
    with db.engine.begin() as transaction:
        _act_as(transaction, actor_id)
        order = _lock(transaction, tenant_id, number)
        check_refund(order, amount_minor)
        return _change(
            transaction, tenant_id, order, refunded_minor=order.refunded_minor + amount_minor, refunded_at=func.now()
        )


def cancel(tenant_id: int, number: str, *, actor_id: int | None = None) -> OrderState:
    with db.engine.begin() as transaction:
        _act_as(transaction, actor_id)
        order = _lock(transaction, tenant_id, number)
        check_cancellation(order)
        return _change(transaction, tenant_id, order, cancelled_at=func.now())


def reassign(tenant_id: int, number: str, owner_id: int | None, *, actor_id: int | None = None) -> OrderState:
    """Make a user of the tenant the order's salesperson, or nobody (None). To whom it belongs already changes nothing."""
    with db.engine.begin() as transaction:
        _act_as(transaction, actor_id)
        order = _lock(transaction, tenant_id, number)
        if order.owner_id == owner_id:
            return order
        _check_owner(transaction, tenant_id, owner_id)
        return _change(transaction, tenant_id, order, owner_id=owner_id)


def _act_as(transaction: Connection, actor_id: int | None) -> None:
    """Name the user to the triggers, for this transaction only."""
    name = "" if actor_id is None else str(actor_id)
    transaction.execute(select(func.set_config("doorbell.actor", name, True)))


def _lock(transaction: Connection, tenant_id: int, number: str) -> OrderState:
    """The order's newest state, held until the transaction ends: the second of two clicks sees what the first did."""
    statement = select(*_STATE).where(Order.tenant_id == tenant_id, Order.number == number).with_for_update()
    row = transaction.execute(statement).one_or_none()
    if row is None:
        raise OrderNotFound(f"There is no order {number!r}. Search for it in the list of orders.")
    return OrderState(*row)


def _change(transaction: Connection, tenant_id: int, order: OrderState, **values: Any) -> OrderState:
    statement = update(Order).where(Order.tenant_id == tenant_id, Order.id == order.id)
    row = transaction.execute(statement.values(updated_at=func.now(), **values).returning(*_STATE)).one()
    return OrderState(*row)


def _check_owner(transaction: Connection, tenant_id: int, owner_id: int | None) -> None:
    if owner_id is None:
        return
    columns = select(User.name, User.disabled_at)
    found = transaction.execute(columns.where(User.tenant_id == tenant_id, User.id == owner_id)).one_or_none()
    if found is None:
        raise OwnerInvalid(f"The salesperson with id {owner_id} is not one of your team. Choose one from the list.")
    if found.disabled_at is not None:
        raise OwnerInvalid(
            f"The account of {found.name} is disabled, so it gets no new orders. Choose another salesperson."
        )


def _lock_numbers(transaction: Connection, tenant_id: int) -> str:
    """Hold the tenant's next number until the transaction ends; returns the tenant's currency.

    Of the same form sent twice at one moment the second waits here, and then finds the first one's order. Imports and
    plain SQL do not wait: their foreign keys take a weaker lock.
    """
    statement = select(Tenant.currency).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    return transaction.execute(statement).scalar_one()


def _placed_by(transaction: Connection, tenant_id: int, idempotency_key: UUID) -> OrderState | None:
    statement = select(*_STATE).where(Order.tenant_id == tenant_id, Order.idempotency_key == idempotency_key)
    row = transaction.execute(statement).one_or_none()
    return None if row is None else OrderState(*row)


def _insert_numbered(transaction: Connection, values: dict[str, Any]) -> OrderState:
    """Insert under the tenant's next number that no import or plain SQL has taken.

    The step doubles at each number that is taken, so half a million imported numbers cost 20 tries.
    """
    take = update(Tenant).where(Tenant.id == values["tenant_id"]).returning(Tenant.next_number - 1)
    step = 1
    while True:
        number = transaction.execute(take.values(next_number=Tenant.next_number + step)).scalar_one()
        statement = insert(Order).values(values | {"number": str(number)})
        statement = statement.on_conflict_do_nothing(index_elements=[Order.tenant_id, Order.number])
        row = transaction.execute(statement.returning(*_STATE)).one_or_none()
        if row is not None:
            return OrderState(*row)
        step *= 2
