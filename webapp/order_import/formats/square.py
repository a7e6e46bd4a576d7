"""Square's exports (Dashboard → Reports): transactions, one row per payment, and item details, one row per item."""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from .format import Format, Status

EVENTS = words(
    {
        Meaning.PAID: "payment, sale, exchange",
        Meaning.REFUND: "refund",
        Meaning.NO_ORDER: "fee, deposit, cash drawer, no sale, tip adjustment",
    }
)
OUTCOMES = words(
    {
        Meaning.PAID: "complete, completed, captured, partially refunded, refunded, partial refund",
        # Authorized is not captured yet: no money has come in.
        Meaning.NO_ORDER: "failed, canceled, cancelled, voided, declined, pending, authorized, open, awaiting capture",
    }
)
TRANSACTIONS = Format(
    name="square-transactions",
    title=N_("Square's export of transactions"),
    header=("Date", "Time", "Time Zone", "Gross Sales", "Net Sales", "Total Collected", "Transaction ID", "Event Type"),
    columns={
        "number": ("Transaction ID",),
        "customer": ("Customer Name",),
        "owner_name": ("Staff Name",),
        "placed_at": (("Date", "Time"),),
        "zone": ("Time Zone",),
        "total": ("Total Collected",),
        "refunded": ("Partial Refunds",),
    },
    amounts=N_("Total Collected holds taxes and tips, less discounts; Square's fees are not taken off"),
    statuses=(Status(("Event Type",), EVENTS), Status(("Transaction Status",), OUTCOMES)),
)
ITEMS = Format(
    name="square-items",
    title=N_("Square's export of item details"),
    header=(
        *("Date", "Time", "Time Zone", "Item", "Qty", "Gross Sales", "Discounts", "Net Sales", "Tax"),
        *("Transaction ID", "Event Type"),
    ),
    columns={
        "number": ("Transaction ID",),
        "customer": ("Customer Name",),
        "owner_name": ("Employee",),
        "placed_at": (("Date", "Time"),),
        "zone": ("Time Zone",),
        "sku": ("SKU",),
        "product": (("Item", "Price Point Name"),),
        "quantity": ("Qty",),
        "line_total": ("Net Sales",),
    },
    amounts=N_("Net Sales of each item, with Tax; tips are not in this export"),
    statuses=(Status(("Event Type",), EVENTS),),
    adds=("Tax",),
)
FORMATS = (TRANSACTIONS, ITEMS)
