"""BigCommerce's orders export (Orders → Export, the template Default): one row per order.

The order of day and month is set in the template, so it is said by --dates where the file has slashes.
"""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from .format import Format, Status

WORDS = words(
    {
        Meaning.PLACED: "pending, awaiting payment, manual verification required",
        Meaning.PAID: "awaiting fulfillment, awaiting shipment, awaiting pickup, partially shipped, partially refunded, "
        "disputed",
        Meaning.PAID_AND_SHIPPED: "shipped, completed",
        Meaning.REFUNDED: "refunded",
        Meaning.CANCELLED: "cancelled, canceled, declined",
        Meaning.NO_ORDER: "incomplete",
    }
)
FORMATS = (
    Format(
        name="bigcommerce",
        title=N_("BigCommerce's orders export"),
        header=("Order ID", "Order Date", "Order Status", "Order Total (inc tax)"),
        columns={
            "number": ("Order ID",),
            "customer": (
                "Customer Name",
                ("Billing First Name", "Billing Last Name"),
                "Billing Company",
                "Customer Email",
            ),
            "placed_at": (("Order Date", "Order Time"),),
            "shipped_at": ("Date Shipped",),
            "currency": ("Order Currency Code",),
            "total": ("Order Total (inc tax)",),
            "refunded": ("Refund Amount",),
        },
        amounts=N_(
            "Order Total (inc tax) holds taxes, shipping and handling, less coupons; packed items (Product Details) are "
            "not read"
        ),
        statuses=(Status(("Order Status",), WORDS),),
    ),
)
