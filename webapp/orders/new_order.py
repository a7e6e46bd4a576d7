"""A new order and its checks, before it is placed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..language import gettext as _
from ..language import ngettext
from ..money import MAX_MINOR
from .errors import CustomerInvalid, LineInvalid, TotalInvalid

CUSTOMER_MAX_CHARS = 200
PRODUCT_MAX_CHARS = 200
QUANTITY_DECIMALS = 3  # as order_lines.quantity: 1.250 kg
QUANTITY_MAX = 1_000_000


@dataclass(frozen=True)
class NewLine:
    """One line of a new order."""

    product: str
    quantity: Decimal
    unit_price_minor: int
    sku: str = ""

    @property
    def total_minor(self) -> int:
        """Quantity times unit price; half a minor unit is rounded up."""
        return int((self.quantity * self.unit_price_minor).quantize(Decimal(1), ROUND_HALF_UP))

    def check(self, position: int) -> None:
        if not 0 < len(self.product) <= PRODUCT_MAX_CHARS:
            raise LineInvalid(
                ngettext(
                    "Item %(position)s has a product name of %(num)s character; 1 to %(most)s are allowed. "
                    "Enter the product, or empty the row.",
                    "Item %(position)s has a product name of %(num)s characters; 1 to %(most)s are allowed. "
                    "Enter the product, or empty the row.",
                    len(self.product),
                    position=position,
                    most=PRODUCT_MAX_CHARS,
                )
            )
        exponent = self.quantity.as_tuple().exponent
        if not isinstance(exponent, int) or not 0 < self.quantity <= QUANTITY_MAX or exponent < -QUANTITY_DECIMALS:
            raise LineInvalid(
                _(
                    "Item %(position)s has the quantity %(quantity)s; more than 0 and at most %(most)s, with at most "
                    "%(decimals)s decimals, is allowed. Correct the quantity, or empty the row.",
                    position=position,
                    quantity=self.quantity,
                    most=f"{QUANTITY_MAX:,}",
                    decimals=QUANTITY_DECIMALS,
                )
            )
        if not 0 <= self.unit_price_minor <= MAX_MINOR:
            raise LineInvalid(
                _("Item %(position)s has a price that is negative or too large. Enter 0 or more.", position=position)
            )


@dataclass(frozen=True)
class NewOrder:
    """An order of lines and freight, or of a total alone."""

    customer: str
    lines: tuple[NewLine, ...]
    total_minor: int | None
    freight_minor: int

    @property
    def sum_minor(self) -> int:
        if self.lines:
            return sum(line.total_minor for line in self.lines) + self.freight_minor
        return self.total_minor or 0

    def check(self) -> None:
        """Check the whole order. Raises OrderInvalid for the first fault."""
        if not 0 < len(self.customer) <= CUSTOMER_MAX_CHARS:
            raise CustomerInvalid(
                ngettext(
                    "The customer's name has %(num)s character; 1 to %(most)s are allowed. Enter the customer's name.",
                    "The customer's name has %(num)s characters; 1 to %(most)s are allowed. Enter the customer's name.",
                    len(self.customer),
                    most=CUSTOMER_MAX_CHARS,
                )
            )
        if self.lines and self.total_minor is not None:
            raise TotalInvalid(
                _("The order has items and a total; the total is the sum of the items. Empty one of them.")
            )
        if not self.lines and self.total_minor is None:
            raise TotalInvalid(_("The order has neither items nor a total. Enter a total, or add an item."))
        if self.freight_minor and not self.lines:
            raise TotalInvalid(_("The order has shipping but no items. Add items, or add the shipping to the total."))
        for position, line in enumerate(self.lines, 1):
            line.check(position)
        if self.freight_minor < 0 or not 0 <= self.sum_minor <= MAX_MINOR:
            raise TotalInvalid(_("The total or the shipping is negative or too large. Enter 0 or more."))

    def line_rows(self, tenant_id: int, order_id: int) -> list[dict[str, Any]]:
        """The rows of order_lines; positions start at 1."""
        return [
            {
                "tenant_id": tenant_id,
                "order_id": order_id,
                "position": position,
                "sku": line.sku,
                "product": line.product,
                "quantity": line.quantity,
                "unit_price_minor": line.unit_price_minor,
                "total_minor": line.total_minor,
            }
            for position, line in enumerate(self.lines, 1)
        ]
