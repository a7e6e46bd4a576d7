"""The rules of what an order's state allows: pure functions, without database or HTTP.

A rule raises an OrderError. `allowed` applies the same rules to choose the buttons, so page and verb cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..money import amount_text
from .errors import (
    AlreadyCancelled,
    AlreadyPaid,
    AlreadyShipped,
    NothingLeftToRefund,
    NotPaid,
    NotRefunded,
    OrderError,
    OrderRefused,
    RefundInvalid,
)


@dataclass(frozen=True)
class OrderState:
    """One order as its row was read or written. Amounts are in minor units of `currency`."""

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
        """The amount that can still be refunded."""
        return self.total_minor - self.refunded_minor if self.paid_at else 0

    def money(self, minor: int) -> str:
        return f"{amount_text(minor, self.currency)} {self.currency}"


def check_payment(order: OrderState) -> None:
    if order.cancelled_at:
        raise AlreadyCancelled(f"Order {order.number} is cancelled and cannot be paid. Place a new order.")
    if order.paid_at:
        raise AlreadyPaid(f"Order {order.number} is already paid. Nothing was changed.")


def check_shipment(order: OrderState) -> None:
    """An unpaid order may be shipped, because goods sold on invoice are shipped before the payment."""
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
        raise AlreadyShipped(f"Order {order.number} is already shipped and cannot be cancelled. Refund it instead.")
    if order.left_minor:
        raise NotRefunded(
            f"Order {order.number} is paid and {order.money(order.left_minor)} of it are not refunded. "
            "Refund all of it, then cancel."
        )


def check_refundable(order: OrderState) -> None:
    if not order.paid_at:
        raise NotPaid(f"Order {order.number} is not paid, so there is nothing to refund. Cancel it instead.")
    if not order.left_minor:
        raise NothingLeftToRefund(
            f"Order {order.number} is already refunded in full ({order.money(order.total_minor)})."
        )


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
    """The verbs of pay, ship, refund and cancel that the rules allow now. Reassigning is always allowed."""
    return frozenset(verb for verb, check in _RULES.items() if _passes(check, order))


def _passes(check: Callable[[OrderState], None], order: OrderState) -> bool:
    try:
        check(order)
    except OrderError:
        return False
    return True
