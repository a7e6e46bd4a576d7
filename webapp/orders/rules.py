"""What may be done to an order when. Pure rules on one order's state: no database, no HTTP.

A rule raises an OrderError whose text says what was seen, what is allowed and what to do. `allowed` asks the same rules
which buttons to show, so page and verb cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..money import amount_text


class OrderError(Exception):
    """An order could not be placed or changed. Nothing was written."""


class OrderNotFound(OrderError):
    """The tenant has no order of this number."""


class OrderRefused(OrderError):
    """The order's state does not allow it (HTTP 409)."""


class OrderInvalid(OrderError):
    """A value given with the request is not allowed (HTTP 422)."""


class AlreadyPaid(OrderRefused): ...


class AlreadyShipped(OrderRefused): ...


class AlreadyCancelled(OrderRefused): ...


class NotPaid(OrderRefused): ...


class NotRefunded(OrderRefused): ...


class NothingLeftToRefund(OrderRefused): ...


class FormUsed(OrderRefused):
    """The form's token has placed another order than the one it now describes; `number` is that order's."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"This form has placed order {number} already, with other details. "
            "To place one more with the details below, press “Place order” again."
        )
        self.number = number


class RefundInvalid(OrderInvalid): ...


class OwnerInvalid(OrderInvalid): ...


class TotalInvalid(OrderInvalid): ...


class CustomerInvalid(OrderInvalid): ...


class LineInvalid(OrderInvalid): ...


@dataclass(frozen=True)
class OrderState:
    """One order as its row was read or written; amounts in minor units of `currency`."""

    id: int
    number: str
    customer: str
    owner_id: int | None
    currency: str
    total_minor: int
    refunded_minor: int
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    cancelled_at: datetime | None
    source: str
    status: str

    @property
    def left_minor(self) -> int:
        """What can still be refunded."""
        return self.total_minor - self.refunded_minor if self.paid_at else 0

    def money(self, minor: int) -> str:
        return f"{amount_text(minor, self.currency)} {self.currency}"


def check_payment(order: OrderState) -> None:
    if order.cancelled_at:
        raise AlreadyCancelled(f"Order {order.number} is cancelled and cannot be paid. Place a new order.")
    if order.paid_at:
        raise AlreadyPaid(f"Order {order.number} is already paid. Nothing was changed.")


def check_shipment(order: OrderState) -> None:
    """An unpaid order may be shipped: on invoice, the goods come before the money."""
    if order.cancelled_at:
        raise AlreadyCancelled(f"Order {order.number} is cancelled and cannot be shipped. Place a new order.")
    if order.shipped_at:
        raise AlreadyShipped(f"Order {order.number} is already shipped. Nothing was changed.")
    if order.refunded_minor and not order.left_minor:
        raise OrderRefused(
            f"Order {order.number} is refunded in full ({order.money(order.refunded_minor)}) and cannot be shipped. "
            "Cancel it, or place a new order."
        )


def check_cancellation(order: OrderState) -> None:
    if order.cancelled_at:
        raise AlreadyCancelled(f"Order {order.number} is already cancelled. Nothing was changed.")
    if order.shipped_at:
        raise AlreadyShipped(
            f"Order {order.number} is shipped; only an order that has not left can be cancelled. Refund it instead."
        )
    if order.left_minor:
        raise NotRefunded(
            f"Order {order.number} is paid and {order.money(order.left_minor)} of it are not refunded. "
            "Refund all of it, then cancel."
        )


def check_refundable(order: OrderState) -> None:
    if not order.paid_at:
        raise NotPaid(f"Order {order.number} is not paid, so there is nothing to refund. Cancel it instead.")
    if not order.left_minor:
        raise NothingLeftToRefund(f"Order {order.number}: all of its {order.money(order.total_minor)} are refunded.")


def check_refund(order: OrderState, amount_minor: int) -> None:
    check_refundable(order)
    if not 0 < amount_minor <= order.left_minor:
        smallest, left = order.money(1), order.money(order.left_minor)
        raise RefundInvalid(
            f"A refund of {order.money(amount_minor)} is not possible for order {order.number}: "
            f"{smallest} to {left} can be refunded. Enter an amount between them."
        )


_RULES: dict[str, Callable[[OrderState], None]] = {
    "pay": check_payment,
    "ship": check_shipment,
    "refund": check_refundable,
    "cancel": check_cancellation,
}


def allowed(order: OrderState) -> frozenset[str]:
    """Which of pay, ship, refund and cancel the rules let through now. Reassigning always is."""
    return frozenset(verb for verb, check in _RULES.items() if _passes(check, order))


def _passes(check: Callable[[OrderState], None], order: OrderState) -> bool:
    try:
        check(order)
    except OrderError:
        return False
    return True
