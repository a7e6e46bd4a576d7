"""The event catalog: the types of events of an order, and the topics that each concerns.

The trigger (migrations/sql) writes these types into `order_events`. `make docs` generates docs/events.md from this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from .topics import ORDERS, PLACED, REVENUE


@dataclass(frozen=True)
class EventType:
    """One type of event: when it is written, the meaning of its columns, and its topics."""

    name: str
    when: str
    amount: str
    occurred_at: str
    values: str
    topics: tuple[str, ...]
    notifies_owner: bool = False
    notified: str = "The owner"


_CORRECTED = "old: `status`, `{0}`; new: `status`, `{0}` (null), `reason` (the setting `doorbell.reason`, or null)"

CATALOG = (
    EventType(
        "placed",
        when="An order row was inserted.",
        amount="the order's total",
        occurred_at="`placed_at`",
        values="new: `status`, `total_minor`, `currency`",
        topics=(ORDERS, PLACED),
        notifies_owner=True,
        notified="The owner (`assigned`), if the order was inserted without a later status",
    ),
    EventType(
        "paid",
        when="`paid_at` was set, or the order was inserted with it.",
        amount="the order's total",
        occurred_at="`paid_at`",
        values="old and new: `status`",
        topics=(ORDERS, REVENUE),
        notifies_owner=True,
    ),
    EventType(
        "shipped",
        when="`shipped_at` was set, or the order was inserted with it.",
        amount="none",
        occurred_at="`shipped_at`",
        values="old and new: `status`",
        topics=(ORDERS,),
        notifies_owner=True,
    ),
    EventType(
        "refunded",
        when="`refunded_minor` changed, or the order was inserted with a refund.",
        amount="the difference; negative when a refund was reversed",
        occurred_at="`refunded_at` if the same statement changed it, but not before `paid_at`; otherwise the time of the "
        "change (inserted orders: `paid_at`)",
        values="old and new: `status`, `refunded_minor`",
        # An order that is refunded in full is not counted any more.
        topics=(ORDERS, REVENUE, PLACED),
        notifies_owner=True,
        notified="The owner, of a refund that was not reversed",
    ),
    EventType(
        "cancelled",
        when="`cancelled_at` was set, or the order was inserted with it.",
        amount="none",
        occurred_at="`cancelled_at`",
        values="old and new: `status`",
        topics=(ORDERS, PLACED),
        notifies_owner=True,
    ),
    EventType(
        "reassigned",
        when="`owner_id` changed.",
        amount="none",
        occurred_at="the time of the change",
        values="old and new: `owner_id`",
        topics=(ORDERS, REVENUE),
        notifies_owner=True,
        notified="The new owner (`assigned`) and the former one (`unassigned`)",
    ),
    EventType(
        "edited",
        when="The number, customer, total, currency or `placed_at` changed, a time was corrected, or a cancellation was "
        "removed.",
        amount="none",
        occurred_at="the time of the change",
        values="old and new: the columns that changed, and `status` if it changed",
        topics=(ORDERS, REVENUE, PLACED),
    ),
    EventType(
        "payment_corrected",
        when="`paid_at` was set back to null, because the payment was marked by mistake.",
        amount="the order's total, which no longer counts as paid",
        occurred_at="the time of the change",
        values=_CORRECTED.format("paid_at"),
        topics=(ORDERS, REVENUE),
    ),
    EventType(
        "shipment_corrected",
        when="`shipped_at` was set back to null, because the shipment was marked by mistake.",
        amount="none",
        occurred_at="the time of the change",
        values=_CORRECTED.format("shipped_at"),
        topics=(ORDERS,),
    ),
    EventType(
        "commented",
        when="A user wrote or deleted a comment on the order. The event has no text, so the text of a deleted comment is gone.",
        amount="none",
        occurred_at="the time of the change",
        values="new: `comment_id`, `change` (`added` or `deleted`)",
        topics=(ORDERS,),
    ),
    EventType(
        "deleted",
        when="The order row was deleted (TRUNCATE included).",
        amount="none",
        occurred_at="the time of the change",
        values="old: `number`, `status`, `total_minor`, `placed_at`, `paid_at`",
        topics=(ORDERS, REVENUE, PLACED),
    ),
)

TYPES = tuple(event.name for event in CATALOG)
TOPICS_BY_TYPE = {event.name: event.topics for event in CATALOG}
OWNER_TYPES = tuple(event.name for event in CATALOG if event.notifies_owner)
