"""Stripe's exports of charges and of payments (Dashboard → Payments → Export): one row per payment, in UTC."""

from __future__ import annotations

from dataclasses import replace

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import ValueStyle
from .format import Format, Status

WORDS = words(
    {
        Meaning.PLACED: "pending, uncaptured, requires capture, processing",
        Meaning.PAID: "paid, succeeded, partially refunded, partial refund, disputed",
        Meaning.REFUNDED: "refunded",
        Meaning.NO_ORDER: "failed, blocked, canceled, cancelled, incomplete, expired, requires payment method, "
        "requires action, requires confirmation, requires source, requires source action",
    }
)
CHARGES = Format(
    name="stripe-charges",
    title=N_("Stripe's export of charges"),
    header=("id", "Created (UTC)", "Amount", "Amount Refunded", "Currency", "Status"),
    columns={
        "number": ("id",),
        "customer": ("Customer Name", "Card Name", "Customer Email", "Customer Description"),
        "placed_at": ("Created (UTC)",),
        "currency": ("Currency",),
        "total": ("Amount",),
        "refunded": ("Amount Refunded",),
    },
    amounts=N_("Amount is what the customer paid, less Amount Refunded; Stripe's fees are not taken off"),
    statuses=(Status(("Status",), WORDS),),
    style=ValueStyle(zone="UTC"),
)
PAYMENTS = replace(
    CHARGES,
    name="stripe-payments",
    title=N_("Stripe's export of payments"),
    header=("id", "Created date (UTC)", "Amount", "Amount Refunded", "Currency", "Status"),
    columns={**CHARGES.columns, "placed_at": ("Created date (UTC)",)},
)
FORMATS = (CHARGES, PAYMENTS)
