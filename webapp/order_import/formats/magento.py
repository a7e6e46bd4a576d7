"""Magento's sales orders grid (Sales → Orders → Export → CSV): one row per order."""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import POINT, ValueStyle
from .format import Format, Status

WORDS = words(
    {
        Meaning.PLACED: "pending, pending payment, pending paypal, on hold, holded, payment review, suspected fraud, "
        "fraud, new, pending_payment",
        Meaning.PAID: "processing",
        Meaning.PAID_AND_SHIPPED: "complete",
        Meaning.REFUNDED: "closed",
        Meaning.CANCELLED: "canceled, cancelled, paypal canceled reversal, paypal reversed",
    }
)
FORMATS = (
    Format(
        name="magento",
        title=N_("Magento's orders grid"),
        header=("ID", "Purchase Date", "Bill-to Name", "Grand Total (Base)", "Status"),
        columns={
            "number": ("ID",),
            "customer": ("Bill-to Name", "Customer Name", "Ship-to Name", "Customer Email"),
            "placed_at": ("Purchase Date",),
            "total": ("Grand Total (Base)",),
            "refunded": ("Total Refunded",),
        },
        amounts=N_(
            "Grand Total (Base) holds taxes and shipping, less discounts; a closed order is refunded in full unless Total "
            "Refunded says less"
        ),
        statuses=(Status(("Status",), WORDS),),
        style=ValueStyle(decimal=POINT),
    ),
)
