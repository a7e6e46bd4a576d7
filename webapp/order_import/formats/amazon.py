"""Amazon's reports: all orders (a flat file, one row per item), and the date range report of transactions.

Neither names the buyer. Sales tax that Amazon collects and remits is no revenue, and in Europe prices hold the tax, so the
order report's taxes are not added.
"""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import POINT, ValueStyle
from .format import Format, Status

ORDER_WORDS = words(
    {
        Meaning.PLACED: "pending, pending availability, pending waiting for pick up, invoice unconfirmed, "
        "invoiceunconfirmed",
        Meaning.PAID: "unshipped, partially shipped, partiallyshipped, shipping",
        Meaning.PAID_AND_SHIPPED: "shipped, complete, shipped delivered to buyer, shipped picked up, "
        "shipped out for delivery, shipped returned to seller, shipped returning to seller, shipped rejected by buyer, "
        "shipped undeliverable, shipped lost in transit, shipped damaged",
        Meaning.CANCELLED: "cancelled, canceled, unfulfillable",
    }
)
TYPES = words(
    {
        Meaning.PAID: "order, bestellung, commande, pedido, ordine, bestelling",
        Meaning.REFUND: "refund, erstattung, remboursement, reembolso, rimborso, terugbetaling",
        Meaning.NO_ORDER: "transfer, service fee, adjustment, fba inventory fee, fba customer return fee, "
        "fba transaction fees, shipping services, fee adjustment, liquidations, order retrocharge, refund retrocharge, "
        "chargeback refund, a to z guarantee claim, deal fee, lightning deal fee, debt, tax adjustment, "
        "fulfillment fee refund, others, delivery services, amazon fees, safe t reimbursement, others, übertrag, "
        "servicegebühr, anpassung, versand durch amazon lagergebühr, fba lagergebühr, transfert, frais de service, "
        "ajustement, frais de stock expédié par amazon, transferir, tarifa de servicio, ajuste, trasferimento, "
        "commissione di servizio, modifica, overboeking, servicekosten, aanpassing",
    }
)
ORDERS = Format(
    name="amazon-orders",
    title=N_("Amazon's report of all orders"),
    header=("amazon-order-id", "purchase-date", "order-status", "sku", "quantity", "item-price"),
    columns={
        "number": ("amazon-order-id",),
        "customer": ("buyer-name", "recipient-name", "buyer-email"),
        "placed_at": ("purchase-date",),
        "currency": ("currency",),
        "sku": ("sku",),
        "product": ("product-name",),
        "quantity": ("quantity",),
        "line_total": ("item-price",),
    },
    amounts=N_(
        "item-price is of all units; shipping-price and gift-wrap-price are added, promotions taken off; taxes are in the "
        "prices, or are Amazon's to remit, and are not added"
    ),
    statuses=(Status(("order-status",), ORDER_WORDS),),
    style=ValueStyle(decimal=POINT),
    adds=("shipping-price", "gift-wrap-price", "-item-promotion-discount", "-ship-promotion-discount"),
    no_customer="Amazon customer",
)
DATE_RANGE = Format(
    name="amazon-transactions",
    title=N_("Amazon's date range report"),
    header=("date/time", "settlement id", "type", "order id", "quantity", "product sales", "total"),
    columns={
        "number": ("order id",),
        "placed_at": ("date/time",),
        "sku": ("sku",),
        "product": ("description",),
        "quantity": ("quantity",),
        "line_total": ("product sales",),
    },
    amounts=N_(
        "product sales with taxes, shipping and gift wrap, less promotional rebates and the tax that Amazon remits; "
        "Amazon's fees are not taken off"
    ),
    statuses=(Status(("type",), TYPES),),
    adds=(
        # The reports of the United Kingdom and Australia name shipping "postage credits".
        *("product sales tax", "shipping credits", "postage credits", "shipping credits tax"),
        *("gift wrap credits", "giftwrap credits tax", "promotional rebates", "promotional rebates tax"),
        "marketplace withheld tax",
    ),
    # Of PST and PDT; other zones of the report have one meaning.
    style=ValueStyle(zone="America/Los_Angeles"),
    no_customer="Amazon customer",
)
FORMATS = (ORDERS, DATE_RANGE)
