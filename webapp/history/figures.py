"""The figures of a period, and the measures that are computed from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ..language import lazy_gettext

MEASURES = {
    "revenue": lazy_gettext("Revenue"),
    "orders": lazy_gettext("Orders"),
    "average": lazy_gettext("Average order"),
    "refunds": lazy_gettext("Refunds"),
}
GROUPS = {
    "none": lazy_gettext("Everything"),
    "owner": lazy_gettext("Salesperson"),
    "product": lazy_gettext("Product"),
}
# Refunds and payments name no product.
OF_PRODUCTS = ("revenue", "orders")


@dataclass(frozen=True)
class HistoryFigures:
    """Sums of a period; amounts in minor units. `paid_minor` less `refunded_minor` is the revenue."""

    orders: int = 0
    paid_orders: int = 0
    revenue_minor: int = 0
    refunded_minor: int = 0

    @property
    def paid_minor(self) -> int:
        return self.revenue_minor + self.refunded_minor

    def __add__(self, other: HistoryFigures) -> HistoryFigures:
        return HistoryFigures(
            self.orders + other.orders,
            self.paid_orders + other.paid_orders,
            self.revenue_minor + other.revenue_minor,
            self.refunded_minor + other.refunded_minor,
        )

    def value(self, measure: str) -> int | None:
        """The measure as a number of orders or in minor units. None is an average of no orders."""
        if measure == "average":
            return average(self.paid_minor, self.paid_orders)
        return {"revenue": self.revenue_minor, "orders": self.orders, "refunds": self.refunded_minor}[measure]


NOTHING = HistoryFigures()


def average(total: int, orders: int) -> int | None:
    """Rounded half up."""
    return int((Decimal(total) / orders).quantize(Decimal(1), ROUND_HALF_UP)) if orders else None


def total(figures: Iterable[HistoryFigures]) -> HistoryFigures:
    return sum(figures, NOTHING)
