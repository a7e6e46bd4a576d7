"""Squarespace's orders export (Commerce → Orders → Export): one row per line item; the first row has the order's totals."""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import POINT, ValueStyle
from .format import Format, Status

FINANCIAL = words(
    {
        Meaning.PLACED: "pending, authorized, unpaid, partially paid",
        Meaning.PAID: "paid, partially refunded",
        Meaning.REFUNDED: "refunded",
        Meaning.CANCELLED: "voided, canceled, cancelled",
        Meaning.NO_ORDER: "failed, test",
    }
)
FULFILLMENT = words(
    {
        Meaning.PLACED: "pending, unfulfilled",
        Meaning.UNSHIPPED: "partially fulfilled, partial",
        Meaning.SHIPPED: "fulfilled",
        Meaning.CANCELLED: "canceled, cancelled",
    }
)
FORMATS = (
    Format(
        name="squarespace",
        title=N_("Squarespace's orders export"),
        header=(
            *("Order ID", "Financial Status", "Fulfillment Status", "Created at", "Amount Refunded", "Total"),
            *("Lineitem name", "Lineitem quantity", "Lineitem price"),
        ),
        columns={
            "number": ("Order ID",),
            "customer": ("Billing Name", "Shipping Name", "Email"),
            "placed_at": ("Created at",),
            "paid_at": ("Paid at",),
            "shipped_at": ("Fulfilled at",),
            "cancelled_at": ("Cancelled at",),
            "currency": ("Currency",),
            "total": ("Total",),
            "refunded": ("Amount Refunded",),
            "sku": ("Lineitem sku",),
            "product": ("Lineitem name",),
            "quantity": ("Lineitem quantity",),
            "unit_price": ("Lineitem price",),
        },
        amounts=N_("Total holds taxes and shipping, less discounts"),
        statuses=(Status(("Financial Status",), FINANCIAL), Status(("Fulfillment Status",), FULFILLMENT)),
        first_row_has="Total",
        style=ValueStyle(decimal=POINT),
        times_decide=True,
    ),
)
