"""Odoo's export of sale.order: one row per order, or one per line; then only the order's first row has its fields."""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import POINT, ValueStyle
from .format import Format, Status

WORDS = words(
    {
        Meaning.PLACED: "sales order, sale, locked, done, verkaufsauftrag, auftrag, gesperrt, bon de commande, "
        "verrouillé, pedido de venta, bloqueado, ordine di vendita, bloccato, verkooporder, vergrendeld",
        Meaning.CANCELLED: "cancelled, cancel, canceled, abgebrochen, storniert, annulé, cancelado, annullato, "
        "geannuleerd",
        Meaning.NO_ORDER: "quotation, quotation sent, draft, sent, angebot, angebot gesendet, angebot versendet, devis, "
        "devis envoyé, presupuesto, presupuesto enviado, preventivo, preventivo inviato, offerte, offerte verzonden",
    }
)
DELIVERY = words(
    {
        Meaning.PLACED: "not delivered, started, pending, nothing to deliver",
        Meaning.UNSHIPPED: "partially delivered, partial",
        Meaning.SHIPPED: "fully delivered, full",
    }
)
COLUMNS = {
    "number": ("Order Reference",),
    "customer": ("Customer", "Customer/Display Name", "Customer/Name"),
    "owner_name": ("Salesperson",),
    "placed_at": ("Order Date", "Creation Date"),
    "currency": ("Currency",),
    "total": ("Total",),
}
ORDERS = Format(
    name="odoo",
    title=N_("Odoo's export of sales orders"),
    header=("Order Reference", ("Order Date", "Creation Date"), "Customer", "Total", "Status"),
    columns=COLUMNS,
    amounts=N_("Total holds taxes"),
    statuses=(Status(("Status",), WORDS), Status(("Delivery Status",), DELIVERY)),
    style=ValueStyle(decimal=POINT),
)
LINES = Format(
    name="odoo-lines",
    title=N_("Odoo's export of sales orders with their lines"),
    header=(
        *("Order Reference", ("Order Date", "Creation Date"), "Customer"),
        *("Order Lines/Product", "Order Lines/Quantity", "Order Lines/Unit Price"),
    ),
    columns={
        **COLUMNS,
        "product": ("Order Lines/Product", "Order Lines/Description"),
        "quantity": ("Order Lines/Quantity",),
        "unit_price": ("Order Lines/Unit Price",),
        "discount_rate": ("Order Lines/Discount (%)", "Order Lines/Discount"),
    },
    amounts=N_("Total, with taxes, if the file has it; else the sum of the lines, whose prices are mostly untaxed"),
    statuses=(Status(("Status",), WORDS), Status(("Delivery Status",), DELIVERY)),
    style=ValueStyle(decimal=POINT),
    carries_down=True,
    percents=True,
)
FORMATS = (ORDERS, LINES)
