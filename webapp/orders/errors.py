"""Errors of orders. Each text says what was seen, what is allowed and what to do; nothing was written."""

from __future__ import annotations

from ..language import gettext as _


class OrderError(Exception):
    """The order could not be placed or changed. Nothing was written."""


class OrderNotFound(OrderError):
    """The tenant has no order with this number."""


class OrderRefused(OrderError):
    """The order's state does not allow it (HTTP 409)."""


class OrderInvalid(OrderError):
    """A value given with the request is not allowed (HTTP 422)."""


class OrderForbidden(OrderError):
    """The user may not do this; another user of the team may (HTTP 403)."""


class AlreadyPaid(OrderRefused): ...


class AlreadyShipped(OrderRefused): ...


class AlreadyCancelled(OrderRefused): ...


class NotPaid(OrderRefused): ...


class NotShipped(OrderRefused): ...


class NotRefunded(OrderRefused): ...


class NothingLeftToRefund(OrderRefused): ...


class IdempotencyKeyReused(OrderRefused):
    """The key has placed an order with other details; `number` is that order's."""

    def __init__(self, number: str) -> None:
        super().__init__(
            _(
                "This form has already placed order %(number)s, with other details. "
                "To place another order with the details below, press “Place order” again.",
                number=number,
            )
        )
        self.number = number


class RefundInvalid(OrderInvalid): ...


class ReasonInvalid(OrderInvalid): ...


class OwnerInvalid(OrderInvalid): ...


class TotalInvalid(OrderInvalid): ...


class CustomerInvalid(OrderInvalid): ...


class LineInvalid(OrderInvalid): ...
