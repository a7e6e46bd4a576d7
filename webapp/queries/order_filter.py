"""The filter of the list of orders, and its conditions in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..models import STATUSES
from .order_cursor import FIRST, LAST

# The kinds of dates, each with its column of `orders`. A refund's time is that of its event, because an order can be
# refunded several times. Revenue is made by payments and by refunds.
TIME_COLUMNS = {"placed": "placed_at", "paid": "paid_at", "shipped": "shipped_at", "cancelled": "cancelled_at"}
KINDS = (*TIME_COLUMNS, "refunded", "revenue")
# Each status, and groups of them. `counted`: neither cancelled nor refunded in full. `to_ship`: of these, paid and not shipped.
# `open`: of these, not shipped.
STATUS_GROUPS: dict[str, tuple[str, ...]] = {
    **{status: (status,) for status in STATUSES},
    "counted": ("placed", "paid", "shipped"),
    "to_ship": ("paid",),
    "open": ("placed", "paid"),
}
UNASSIGNED = 0  # as an owner's id

REFUNDS_IN_RANGE = """order_events e WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.type = 'refunded'
    AND e.occurred_at >= :start AND e.occurred_at < :end"""
PAID_IN_RANGE = "(o.paid_at >= :start AND o.paid_at < :end)"


@dataclass(frozen=True)
class Filter:
    """The orders to list: those that match all fields; "" and None match all.

    A word of `words` matches the beginning of a number, or of a word of the customer's or salesperson's name, ignoring case
    and accents. `status` is a key of STATUS_GROUPS. `owner_id` is UNASSIGNED for orders without a salesperson. The time that
    `by`, one of KINDS, names is from `start` to before `end`. Amounts are totals in minor units, both ends included.
    """

    words: str = ""
    status: str = ""
    owner_id: int | None = None
    by: str = "placed"
    start: datetime | None = None
    end: datetime | None = None
    min_minor: int | None = None
    max_minor: int | None = None
    source: str = ""

    def __bool__(self) -> bool:
        return self != ALL

    @property
    def statuses(self) -> tuple[str, ...]:
        return STATUS_GROUPS[self.status] if self.status else ()

    @property
    def has_dates(self) -> bool:
        return self.start is not None or self.end is not None

    @property
    def fields(self) -> set[str]:
        """The fields that exclude orders, beside the words; `time` is the kind with its dates."""
        return {*self.conditions, *(("time",) if self.by != "placed" or self.has_dates else ())}

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of the conditions."""
        return {
            "statuses": list(self.statuses or STATUSES),
            "owner": self.owner_id,
            "source": self.source,
            "min": self.min_minor or 0,
            "max": 2**62 if self.max_minor is None else self.max_minor,
            "start": self.start or FIRST,
            "end": self.end or LAST,
        }

    @property
    def owner_sql(self) -> str:
        if self.owner_id is None:
            return ""
        return "o.owner_id IS NULL" if self.owner_id == UNASSIGNED else "o.owner_id = :owner"

    @property
    def amount_sql(self) -> str:
        is_asked = self.min_minor is not None or self.max_minor is not None
        return "o.total_minor BETWEEN :min AND :max" if is_asked else ""

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions on `orders o` by their field, without words and time."""
        found = {
            "amount": self.amount_sql,
            "source": "o.source = :source" if self.source else "",
            "owner": self.owner_sql,
            "status": "o.status = ANY (:statuses)" if self.status else "",
        }
        return {name: condition for name, condition in found.items() if condition}

    @property
    def time_sql(self) -> str:
        """The condition on `orders o` of kind and dates."""
        if column := TIME_COLUMNS.get(self.by):
            return f"(o.{column} >= :start AND o.{column} < :end)"
        refunded = f"EXISTS (SELECT FROM {REFUNDS_IN_RANGE})"
        return refunded if self.by == "refunded" else f"({PAID_IN_RANGE} OR {refunded})"


ALL = Filter()


def both(*conditions: str) -> str:
    """The conjunction of these conditions; `true` without one."""
    return " AND ".join(condition for condition in conditions if condition) or "true"
