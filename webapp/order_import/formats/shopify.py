"""Shopify's orders export (Admin → Orders → Export): one row per line item; only an order's first row has its totals.

Email is the customer's, so the salesperson comes only from Employee (point of sale).
"""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import POINT, ValueStyle
from .format import Format, Status

FINANCIAL = words(
    {
        Meaning.PLACED: "pending, authorized, expired, unpaid, partially paid",
        Meaning.PAID: "paid, partially refunded",
        Meaning.REFUNDED: "refunded",
        Meaning.CANCELLED: "voided",
    }
)
FULFILLMENT = words(
    {
        Meaning.PLACED: "unfulfilled, pending, open, restocked, scheduled, on hold, in progress, request declined",
        Meaning.UNSHIPPED: "partial",
        Meaning.SHIPPED: "fulfilled",
    }
)
FORMATS = (
    Format(
        name="shopify",
        title=N_("Shopify's orders export"),
        header=(
            *("Name", "Created at", "Financial Status", "Fulfillment Status", "Total"),
            *("Lineitem name", "Lineitem quantity", "Lineitem price"),
        ),
        columns={
            "number": ("Name",),
            "customer": ("Billing Name", "Shipping Name", "Email"),
            "owner_name": ("Employee",),
            "placed_at": ("Created at",),
            "paid_at": ("Paid at",),
            "shipped_at": ("Fulfilled at",),
            "cancelled_at": ("Cancelled at",),
            "currency": ("Currency",),
            "total": ("Total",),
            "refunded": ("Refunded Amount",),
            "sku": ("Lineitem sku",),
            "product": ("Lineitem name",),
            "quantity": ("Lineitem quantity",),
            "unit_price": ("Lineitem price",),
            "line_discount": ("Lineitem discount",),
        },
        amounts=N_("Total holds taxes and shipping, less discounts"),
        statuses=(Status(("Financial Status",), FINANCIAL), Status(("Fulfillment Status",), FULFILLMENT)),
        first_row_has="Total",
        style=ValueStyle(decimal=POINT),
        times_decide=True,
    ),
)
