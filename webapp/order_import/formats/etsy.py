"""Etsy's exports (Shop Manager → Settings → Options → Download data): sold orders, and sold order items. Both are paid."""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import ValueStyle
from .format import Format, Status

WORDS = words(
    {
        Meaning.PLACED: "pending, open, processing, unpaid, not paid",
        Meaning.PAID: "paid, completed, complete, shipped, partially refunded",
        Meaning.REFUNDED: "refunded, fully refunded",
        Meaning.CANCELLED: "canceled, cancelled",
    }
)
ORDERS = Format(
    name="etsy-orders",
    title=N_("Etsy's export of sold orders"),
    header=("Sale Date", "Order ID", "Number of Items", "Order Value", "Order Total"),
    columns={
        "number": ("Order ID",),
        "customer": ("Full Name", "Buyer", "Buyer User ID"),
        "placed_at": ("Sale Date",),
        "paid_at": ("Date Paid",),
        "shipped_at": ("Date Shipped",),
        "currency": ("Currency",),
        "total": ("Order Total",),
        "left": ("Adjusted Order Total",),
    },
    amounts=N_(
        "Order Total holds shipping and sales tax, less discounts; the rest up to Adjusted Order Total is refunded; "
        "Etsy's fees are not taken off"
    ),
    statuses=(Status(("Status",), WORDS),),
    style=ValueStyle(dates="mdy"),
    paid_from="placed_at",
)
ITEMS = Format(
    name="etsy-items",
    title=N_("Etsy's export of sold order items"),
    header=("Sale Date", "Item Name", "Quantity", "Price", "Item Total", "Transaction ID", "Order ID"),
    columns={
        "number": ("Order ID",),
        "customer": ("Ship Name", "Buyer"),
        "placed_at": ("Sale Date",),
        "paid_at": ("Date Paid",),
        "shipped_at": ("Date Shipped",),
        "currency": ("Currency",),
        "sku": ("SKU",),
        "product": ("Item Name",),
        "quantity": ("Quantity",),
        "unit_price": ("Price",),
        "line_discount": ("Discount Amount",),
    },
    amounts=N_(
        "the items less their Discount Amount, with Order Shipping and Order Sales Tax once per order; "
        "Etsy's fees are not taken off"
    ),
    once=("Order Shipping", "-Shipping Discount", "Order Sales Tax"),
    style=ValueStyle(dates="mdy"),
    paid_from="placed_at",
)
FORMATS = (ORDERS, ITEMS)
