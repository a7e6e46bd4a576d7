"""The rules of what an order's state allows: pure functions, without database or HTTP.

A rule raises an OrderError. `allowed` applies the same rules to choose the buttons, so page and verb cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from ..language import gettext as _
from ..language import ngettext
from ..money import amount_text
from .editors import Editor, may_edit
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

# A user who changes own orders only corrects them for this long after the payment or the shipment.
CORRECTION_HOURS = 24
REASON_MAX_CHARS = 200


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
        raise AlreadyCancelled(
            _("Order %(number)s is cancelled and cannot be paid. Place a new order.", number=order.number)
        )
    if order.paid_at:
        raise AlreadyPaid(_("Order %(number)s is already paid. Nothing was changed.", number=order.number))


def check_shipment(order: OrderState) -> None:
    """An unpaid order may be shipped, because goods sold on invoice are shipped before the payment."""
    if order.cancelled_at:
        raise AlreadyCancelled(
            _("Order %(number)s is cancelled and cannot be shipped. Place a new order.", number=order.number)
        )
    if order.shipped_at:
        raise AlreadyShipped(_("Order %(number)s is already shipped. Nothing was changed.", number=order.number))
    if order.refunded_minor and not order.left_minor:
        raise OrderRefused(
            _(
                "Order %(number)s is refunded in full (%(amount)s) and cannot be shipped. Cancel it, or place a new order.",
                number=order.number,
                amount=order.money(order.refunded_minor),
            )
        )


def check_cancellation(order: OrderState) -> None:
    if order.cancelled_at:
        raise AlreadyCancelled(_("Order %(number)s is already cancelled. Nothing was changed.", number=order.number))
    if order.shipped_at:
        raise AlreadyShipped(
            _("Order %(number)s is already shipped and cannot be cancelled. Refund it instead.", number=order.number)
        )
    if order.left_minor:
        raise NotRefunded(
            _(
                "Order %(number)s is paid and %(amount)s of it are not refunded. Refund all of it, then cancel.",
                number=order.number,
                amount=order.money(order.left_minor),
            )
        )


def check_refundable(order: OrderState) -> None:
    if not order.paid_at:
        raise NotPaid(
            _("Order %(number)s is not paid, so there is nothing to refund. Cancel it instead.", number=order.number)
        )
    if not order.left_minor:
        raise NothingLeftToRefund(
            _(
                "Order %(number)s is already refunded in full (%(amount)s).",
                number=order.number,
                amount=order.money(order.total_minor),
            )
        )


def check_refund(order: OrderState, amount_minor: int) -> None:
    check_refundable(order)
    if not 0 < amount_minor <= order.left_minor:
        raise RefundInvalid(
            _(
                "A refund of %(amount)s is not possible for order %(number)s: %(smallest)s to %(left)s can be refunded. "
                "Enter an amount between them.",
                amount=order.money(amount_minor),
                number=order.number,
                smallest=order.money(1),
                left=order.money(order.left_minor),
            )
        )


def check_payment_correction(order: OrderState) -> None:
    if order.cancelled_at:
        raise AlreadyCancelled(
            _("Order %(number)s is cancelled, so its payment stays as it is. Place a new order.", number=order.number)
        )
    if not order.paid_at:
        raise NotPaid(_("Order %(number)s is not marked as paid. Nothing was changed.", number=order.number))
    if order.refunded_minor:
        raise OrderRefused(
            _(
                "%(amount)s of order %(number)s are refunded, so it was paid. Refund the rest of it instead.",
                amount=order.money(order.refunded_minor),
                number=order.number,
            )
        )


def check_shipment_correction(order: OrderState) -> None:
    if order.cancelled_at:
        raise AlreadyCancelled(
            _("Order %(number)s is cancelled, so its shipment stays as it is. Place a new order.", number=order.number)
        )
    if not order.shipped_at:
        raise NotShipped(_("Order %(number)s is not marked as shipped. Nothing was changed.", number=order.number))


def check_corrector(order: OrderState, marked_at: datetime | None, by: Editor | None, now: datetime) -> None:
    """Whether this user, who may change the order, may still correct what was marked at `marked_at`."""
    is_recent = marked_at is not None and marked_at > now - timedelta(hours=CORRECTION_HOURS)
    if by is not None and not by.edits_all and not is_recent:
        raise OrderForbidden(
            _(
                "You can correct your own orders for %(hours)s hours. "
                "Ask a manager of your company to correct order %(number)s.",
                hours=CORRECTION_HOURS,
                number=order.number,
            )
        )


def check_reason(reason: str) -> None:
    if not 0 < len(reason) <= REASON_MAX_CHARS:
        raise ReasonInvalid(
            ngettext(
                "The reason has %(num)s character; 1 to %(most)s are allowed. Say in a few words why this was a mistake.",
                "The reason has %(num)s characters; 1 to %(most)s are allowed. Say in a few words why this was a mistake.",
                len(reason),
                most=REASON_MAX_CHARS,
            )
        )


_RULES: dict[str, Callable[[OrderState], None]] = {
    "pay": check_payment,
    "ship": check_shipment,
    "refund": check_refundable,
    "cancel": check_cancellation,
}


def allowed(order: OrderState, by: Editor | None = None) -> frozenset[str]:
    """The verbs of pay, ship, refund and cancel that the rules allow this user now."""
    if not may_edit(order.owner_id, by):
        return frozenset()
    return frozenset(verb for verb, check in _RULES.items() if _passes(partial(check, order)))


def correctable(order: OrderState, by: Editor | None, now: datetime) -> frozenset[str]:
    """Those of "payment" and "shipment" that this user may correct now."""
    if not may_edit(order.owner_id, by):
        return frozenset()
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
