"""eBay's reports (Seller Hub): orders, one row per order or item, and transactions with refunds and fees."""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from .format import Format, Status

TYPES = words(
    {
        Meaning.PAID: "order, bestellung, commande, pedido, ordine",
        Meaning.REFUND: "refund, rückerstattung, remboursement, reembolso, rimborso",
        Meaning.NO_ORDER: "shipping label, other fee, payout, hold, charge, transfer, adjustment, claim, "
        "payment dispute, dispute, credit, purchase, loan repayment, reserve, tax withholding, withdrawal, auszahlung, "
        "andere gebühr, versandetikett",
    }
)
ORDERS = Format(
    name="ebay-orders",
    title=N_("eBay's orders report"),
    header=("Sales Record Number", "Order Number", "Buyer Username", "Item Title", "Quantity", "Sold For", "Sale Date"),
    columns={
        "number": ("Order Number", "Sales Record Number"),
        "customer": ("Buyer Name", "Buyer Username"),
        "placed_at": ("Sale Date",),
        "paid_at": ("Paid On Date",),
        "shipped_at": ("Shipped On Date",),
        "total": ("Total Price",),
        "sku": ("Custom Label", "Item Number"),
        "product": ("Item Title",),
        "quantity": ("Quantity",),
        "unit_price": ("Sold For",),
    },
    amounts=N_(
        "Total Price holds shipping, and tax where the report has it; refunds are only in the transaction report"
    ),
    first_row_has="Buyer Username",
    skips_unnumbered=True,
)
TRANSACTIONS = Format(
    name="ebay-transactions",
    title=N_("eBay's transaction report"),
    header=("Transaction creation date", "Type", "Order number", "Gross transaction amount"),
    columns={
        "number": ("Order number",),
        "customer": ("Buyer name", "Buyer username"),
        "placed_at": ("Transaction creation date",),
        "currency": ("Transaction currency",),
        "refund": ("Gross transaction amount", "Net amount"),
    },
    amounts=N_("Gross transaction amount of each row of an order; eBay's fees are not taken off"),
    statuses=(Status(("Type",), TYPES),),
    adds=("Gross transaction amount",),
)
FORMATS = (ORDERS, TRANSACTIONS)
