"""The only Python that writes orders: place, pay, ship, refund, cancel, correct, reassign.

Each verb is one transaction of its own: it locks the row, checks the rules (orders/rules.py) and writes. The trigger adds
the event and the ring to that transaction. A verb takes its own connection instead of `db.session`, so it neither commits
nor rolls back what its caller has open.

Each raises OrderError, and has then written nothing. `by` is the user who acts, None for a program, which may change all
orders. Whether the user may is checked under the lock (orders/editors.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from ..audit.kinds import Kind
from ..audit.recording import record
from ..db import db
from ..language import gettext as _
from ..models import Order, OrderLine, Tenant, User
from .editors import Editor, check_assignment, check_editor, check_placing
from .errors import IdempotencyKeyReused, OrderNotFound, OwnerInvalid
from .new_order import NewLine, NewOrder
from .rules import (
    OrderState,
    check_cancellation,
    check_corrector,
    check_payment,
    check_payment_correction,
    check_reason,
    check_refund,
    check_shipment,
    check_shipment_correction,
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
    by: Editor | None = None,
    idempotency_key: UUID | None = None,
) -> OrderState:
    """Place an order of lines (and freight), or of a total alone, with the tenant's currency and next free number.

    With an `idempotency_key` that has already placed an order, that order is returned and nothing is written, so a form
    sent twice places one. The key is in the order's row, because a key in Redis could be lost while the order stays.
    Raises IdempotencyKeyReused when the earlier order has other details.
    """
    new = NewOrder(customer.strip(), tuple(lines), total_minor, freight_minor)
    new.check()
    check_placing(owner_id, by)
    with db.engine.begin() as transaction:
        _act_as(transaction, by)
        _check_owner(transaction, tenant_id, owner_id)
        currency = _lock_numbers(transaction, tenant_id)
        if idempotency_key and (earlier := _placed_by(transaction, tenant_id, idempotency_key)):
            if (earlier.customer, earlier.total_minor, earlier.owner_id) != (new.customer, new.sum_minor, owner_id):
                raise IdempotencyKeyReused(earlier.number)
            return earlier
        values = {"tenant_id": tenant_id, "customer": new.customer, "owner_id": owner_id, "currency": currency}
        values |= {"total_minor": new.sum_minor, "source": source, "idempotency_key": idempotency_key}
        order = _insert_numbered(transaction, values)
        if lines:
            transaction.execute(insert(OrderLine), new.line_rows(tenant_id, order.id))
        return order


def pay(tenant_id: int, number: str, *, by: Editor | None = None) -> OrderState:
    with db.engine.begin() as transaction:
        _act_as(transaction, by)
        order = _lock_to_edit(transaction, tenant_id, number, by)
        check_payment(order)
        return _change(transaction, tenant_id, order, paid_at=func.now())


def ship(tenant_id: int, number: str, *, by: Editor | None = None) -> OrderState:
    with db.engine.begin() as transaction:
        _act_as(transaction, by)
        order = _lock_to_edit(transaction, tenant_id, number, by)
        check_shipment(order)
        return _change(transaction, tenant_id, order, shipped_at=func.now())


def refund(tenant_id: int, number: str, amount_minor: int, *, by: Editor | None = None) -> OrderState:
    """Refund `amount_minor`, in addition to earlier refunds."""
    with db.engine.begin() as transaction:
        _act_as(transaction, by)
        order = _lock_to_edit(transaction, tenant_id, number, by)
        check_refund(order, amount_minor)
        details = {"amount_minor": amount_minor, "currency": order.currency}
        _record(transaction, Kind.ORDER_REFUNDED, tenant_id, order, by, details)
        return _change(
            transaction, tenant_id, order, refunded_minor=order.refunded_minor + amount_minor, refunded_at=func.now()
        )


def cancel(tenant_id: int, number: str, *, by: Editor | None = None) -> OrderState:
    with db.engine.begin() as transaction:
        _act_as(transaction, by)
        order = _lock_to_edit(transaction, tenant_id, number, by)
        check_cancellation(order)
        return _change(transaction, tenant_id, order, cancelled_at=func.now())


def correct_payment(tenant_id: int, number: str, reason: str, *, by: Editor | None = None) -> OrderState:
    """Take back a payment that was marked by mistake: the order is unpaid, and its revenue of that day is gone."""
    check_reason(reason)
    with db.engine.begin() as transaction:
        _act_as(transaction, by)
        order = _lock_to_edit(transaction, tenant_id, number, by)
        check_payment_correction(order)
        check_corrector(order, order.paid_at, by, _now(transaction))
        _record(transaction, Kind.PAYMENT_CORRECTED, tenant_id, order, by)
        _give_reason(transaction, reason)
        return _change(transaction, tenant_id, order, paid_at=None)


def correct_shipment(tenant_id: int, number: str, reason: str, *, by: Editor | None = None) -> OrderState:
    """Take back a shipment that was marked by mistake."""
    check_reason(reason)
    with db.engine.begin() as transaction:
        _act_as(transaction, by)
        order = _lock_to_edit(transaction, tenant_id, number, by)
        check_shipment_correction(order)
        check_corrector(order, order.shipped_at, by, _now(transaction))
        _record(transaction, Kind.SHIPMENT_CORRECTED, tenant_id, order, by)
        _give_reason(transaction, reason)
        return _change(transaction, tenant_id, order, shipped_at=None)


def reassign(tenant_id: int, number: str, owner_id: int | None, *, by: Editor | None = None) -> OrderState:
    """Assign the order to a user of the tenant, or unassign it (None). Writes nothing if that is so already."""
    with db.engine.begin() as transaction:
        _act_as(transaction, by)
        order = _lock(transaction, tenant_id, number)
        if order.owner_id == owner_id:
            return order
        check_assignment(number, order.owner_id, owner_id, by)
        _check_owner(transaction, tenant_id, owner_id)
        return _change(transaction, tenant_id, order, owner_id=owner_id)


def _act_as(transaction: Connection, by: Editor | None) -> None:
    """Set the acting user for the triggers, in this transaction only."""
    name = "" if by is None else str(by.user_id)
    transaction.execute(select(func.set_config("doorbell.actor", name, True)))


def _give_reason(transaction: Connection, reason: str) -> None:
    """Set the reason that the trigger writes into the event of a correction, in this transaction only."""
    transaction.execute(select(func.set_config("doorbell.reason", reason, True)))


def _record(
    transaction: Connection,
    kind: Kind,
    tenant_id: int,
    order: OrderState,
    by: Editor | None,
    details: dict[str, Any] | None = None,
) -> None:
    """An entry of the audit log. The reason of a correction is in the order's history, not here."""
    actor_id = None if by is None else by.user_id
    record(transaction, kind, tenant_id=tenant_id, actor_id=actor_id, subject=order.number, details=details)


def _now(transaction: Connection) -> datetime:
    return transaction.execute(select(func.now())).scalar_one()


def _lock(transaction: Connection, tenant_id: int, number: str) -> OrderState:
    """The order's newest state, locked until the transaction ends, so a second click sees the result of the first."""
    statement = select(*_STATE).where(Order.tenant_id == tenant_id, Order.number == number).with_for_update()
    row = transaction.execute(statement).one_or_none()
    if row is None:
        raise OrderNotFound(
            _("There is no order %(number)s. Search for it in the list of orders.", number=repr(number))
        )
    return OrderState(*row)


def _lock_to_edit(transaction: Connection, tenant_id: int, number: str, by: Editor | None) -> OrderState:
    """The same for a user who must be allowed to change the order. Raises OrderForbidden."""
    order = _lock(transaction, tenant_id, number)
    check_editor(number, order.owner_id, by)
    return order


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
        raise OwnerInvalid(
            _("There is no salesperson with the id %(id)s in your team. Choose one from the list.", id=owner_id)
        )
    if found.disabled_at is not None:
        raise OwnerInvalid(
            _(
                "The account of %(name)s is disabled, so it gets no new orders. Choose another salesperson.",
                name=found.name,
            )
        )


def _lock_numbers(transaction: Connection, tenant_id: int) -> str:
    """Lock the tenant's next number until the transaction ends; returns the tenant's currency.

    The second of two identical requests at one moment waits here, and then finds the order of the first. Imports and plain
    SQL do not wait, because their foreign keys take a weaker lock.
    """
    statement = select(Tenant.currency).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    return transaction.execute(statement).scalar_one()


def _placed_by(transaction: Connection, tenant_id: int, idempotency_key: UUID) -> OrderState | None:
    statement = select(*_STATE).where(Order.tenant_id == tenant_id, Order.idempotency_key == idempotency_key)
    row = transaction.execute(statement).one_or_none()
    return None if row is None else OrderState(*row)


def _insert_numbered(transaction: Connection, values: dict[str, Any]) -> OrderState:
    """Insert the order with the tenant's next number that no import or plain SQL has used.

    The step doubles at each used number, so half a million imported numbers cost 20 tries.
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
