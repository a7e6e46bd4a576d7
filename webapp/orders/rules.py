"""The rules of what an order's state allows: pure functions, without database or HTTP.

A rule raises an OrderError. `allowed` applies the same rules to choose the buttons, so page and verb cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from ..money import amount_text
from .errors import (
    AlreadyCancelled,
    AlreadyPaid,
    AlreadyShipped,
    NothingLeftToRefund,
    NotPaid,
    NotRefunded,
    NotShipped,
    OrderError,
    OrderForbidden,
    OrderRefused,
    ReasonInvalid,
    RefundInvalid,
)

# A salesperson corrects an own order for this long after the payment or the shipment. A manager corrects any order.
CORRECTION_HOURS = 24
REASON_MAX_CHARS = 200


@dataclass(frozen=True)
class Corrector:
    """The user who corrects an order."""

    user_id: int
    is_manager: bool


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


def check_payment_correction(order: OrderState) -> None:
    if order.cancelled_at:
        raise AlreadyCancelled(f"Order {order.number} is cancelled, so its payment stays as it is. Place a new order.")
    if not order.paid_at:
        raise NotPaid(f"Order {order.number} is not marked as paid. Nothing was changed.")
    if order.refunded_minor:
        raise OrderRefused(
            f"{order.money(order.refunded_minor)} of order {order.number} are refunded, so it was paid. "
            "Refund the rest of it instead."
        )


def check_shipment_correction(order: OrderState) -> None:
    if order.cancelled_at:
        raise AlreadyCancelled(f"Order {order.number} is cancelled, so its shipment stays as it is. Place a new order.")
    if not order.shipped_at:
        raise NotShipped(f"Order {order.number} is not marked as shipped. Nothing was changed.")


def check_corrector(order: OrderState, marked_at: datetime | None, by: Corrector, now: datetime) -> None:
    """Whether this user may correct what was marked at `marked_at`."""
    is_recent = marked_at is not None and marked_at > now - timedelta(hours=CORRECTION_HOURS)
    if not by.is_manager and not (is_recent and order.owner_id == by.user_id):
        raise OrderForbidden(
            f"You can correct your own orders for {CORRECTION_HOURS} hours. "
            f"Ask a manager of your company to correct order {order.number}."
        )


def check_reason(reason: str) -> None:
    if not 0 < len(reason) <= REASON_MAX_CHARS:
        raise ReasonInvalid(
            f"The reason has {len(reason)} characters; 1 to {REASON_MAX_CHARS} are allowed. "
            "Say in a few words why this was a mistake."
        )


_RULES: dict[str, Callable[[OrderState], None]] = {
    "pay": check_payment,
    "ship": check_shipment,
    "refund": check_refundable,
    "cancel": check_cancellation,
}


def allowed(order: OrderState) -> frozenset[str]:
    """The verbs of pay, ship, refund and cancel that the rules allow now. Reassigning is always allowed."""
    return frozenset(verb for verb, check in _RULES.items() if _passes(partial(check, order)))


def correctable(order: OrderState, by: Corrector, now: datetime) -> frozenset[str]:
    """Those of "payment" and "shipment" that this user may correct now."""
    corrections = (
        ("payment", check_payment_correction, order.paid_at),
        ("shipment", check_shipment_correction, order.shipped_at),
    )
    return frozenset(
        name
        for name, check, marked_at in corrections
        if _passes(partial(check, order)) and _passes(partial(check_corrector, order, marked_at, by, now))
    )


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except OrderError:
        return False
    return True
