"""WooCommerce: the core's orders report, its tables of orders, and the exports of three common plugins.

core     Analytics → Orders → Download. Its only amount is the net revenue
hpos     the table wp_wc_orders (high-performance order storage), exported by SQL. Times are UTC; refunds are rows
aoe      the plugin Advanced Order Export; its labels can be changed, so the usual ones are read
webtoffee  the plugin Order Export & Order Import by WebToffee, one row per order
skyverge  the plugin Customer/Order/Coupon Export by SkyVerge, in its formats of one row per order or item
"""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import POINT, ValueStyle
from .format import Format, Status

# Slugs, and the labels in English, German, French, Spanish, Italian and Dutch.
WORDS = words(
    {
        Meaning.PLACED: "pending, pending payment, on hold, zahlung ausstehend, ausstehend, wartend, in wartestellung, "
        "attente paiement, en attente de paiement, en attente, pendiente de pago, pendiente, en espera, "
        "in attesa di pagamento, in attesa, in sospeso, wachtend op betaling, in de wacht, in afwachting",
        Meaning.PAID: "processing, in bearbeitung, en cours, en cours de traitement, procesando, in lavorazione, "
        "verwerken, in behandeling, wordt verwerkt, partially refunded",
        Meaning.PAID_AND_SHIPPED: "completed, abgeschlossen, fertiggestellt, terminée, terminé, completado, completato, "
        "afgerond, voltooid",
        Meaning.REFUNDED: "refunded, rückerstattet, erstattet, remboursée, remboursé, reembolsado, rimborsato, "
        "terugbetaald",
        Meaning.CANCELLED: "cancelled, canceled, storniert, annulée, annulé, cancelado, annullato, geannuleerd",
        Meaning.NO_ORDER: "failed, checkout draft, auto draft, draft, trash, fehlgeschlagen, entwurf, papierkorb, "
        "échouée, échoué, brouillon, corbeille, fallido, borrador, papelera, fallito, bozza, cestino, mislukt, concept, "
        "prullenbak",
    }
)
CORE = Format(
    name="woocommerce",
    title=N_("a WooCommerce export (core: Analytics → Orders)"),
    header=(
        "Date",
        "Order #",
        "Status",
        "Customer",
        "Product(s)",
        "Items sold",
        ("N. Revenue", "Net Sales", "N. revenue"),
    ),
    columns={
        "number": ("Order #",),
        "customer": ("Customer",),
        "placed_at": ("Date",),
        "total": ("N. Revenue", "Net Sales"),
    },
    amounts=N_("the total is the net revenue, without taxes and shipping: this export has no other"),
    statuses=(Status(("Status",), WORDS),),
)
HPOS = Format(
    name="woocommerce-hpos",
    title=N_("WooCommerce's table of orders (wp_wc_orders)"),
    header=("id", "status", "currency", "type", "total_amount", "date_created_gmt", "parent_order_id"),
    columns={
        "number": ("id",),
        "refund_of": ("parent_order_id",),
        "customer": (("billing_first_name", "billing_last_name"), "billing_email"),
        "placed_at": ("date_created_gmt",),
        "paid_at": ("date_paid_gmt",),
        "shipped_at": ("date_completed_gmt",),
        "currency": ("currency",),
        "total": ("total_amount",),
    },
    amounts=N_("total_amount holds taxes and shipping, less discounts; rows of type shop_order_refund are refunds"),
    statuses=(
        Status(("status",), WORDS),
        Status(
            ("type",),
            words(
                {
                    Meaning.PLACED: "shop order",
                    Meaning.REFUND: "shop order refund",
                    Meaning.NO_ORDER: "shop order placehold, shop subscription",
                }
            ),
        ),
    ),
    style=ValueStyle(decimal=POINT, zone="UTC"),
    times_decide=True,
)
AOE = Format(
    name="woocommerce-aoe",
    title=N_("a WooCommerce export (plugin Advanced Order Export)"),
    header=("Order Number", "Order Status", "Order Date", ("Order Total Amount", "Order Total Amount (- Refund)")),
    columns={
        "number": ("Order Number",),
        "customer": (
            ("First Name (Billing)", "Last Name (Billing)"),
            *("Full Name (Billing)", "Company (Billing)", "Email (Billing)"),
        ),
        "placed_at": ("Order Date",),
        "paid_at": ("Paid Date",),
        "shipped_at": ("Completed Date",),
        "currency": ("Order Currency", "Currency"),
        "total": ("Order Total Amount", "Order Total Amount (- Refund)"),
        "refunded": ("Order Refund Amount",),
        "sku": ("SKU",),
        "product": ("Item Name", "Product Name"),
        "quantity": ("Quantity", "Quantity (- Refund)"),
        "unit_price": ("Item Cost",),
    },
    amounts=N_("Order Total Amount holds taxes and shipping, less discounts; items cost Item Cost each"),
    statuses=(Status(("Order Status",), WORDS),),
    times_decide=True,
)
WEBTOFFEE = Format(
    name="woocommerce-webtoffee",
    title=N_("a WooCommerce export (plugin by WebToffee)"),
    header=("order_number", "order_date", "status", "order_total", "order_currency", "billing_email"),
    columns={
        "number": ("order_number", "order_id"),
        "customer": (
            ("billing_first_name", "billing_last_name"),
            *("billing_company", "billing_email", "customer_email"),
        ),
        "placed_at": ("order_date",),
        "paid_at": ("paid_date",),
        "currency": ("order_currency",),
        "total": ("order_total",),
    },
    amounts=N_("order_total holds taxes, fees and shipping, less discounts; packed items (line_item_1 …) are not read"),
    statuses=(Status(("status",), WORDS),),
    style=ValueStyle(decimal=POINT),
    times_decide=True,
)
SKYVERGE = Format(
    name="woocommerce-skyverge",
    title=N_("a WooCommerce export (plugin Customer/Order/Coupon Export)"),
    header=("order_id", "order_number", "date", "status", "order_total", "payment_method", "billing_last_name"),
    columns={
        "number": ("order_number_formatted", "order_number", "order_id"),
        "customer": (
            ("billing_first_name", "billing_last_name"),
            *("billing_company", "billing_email"),
        ),
        "placed_at": ("date",),
        "currency": ("order_currency",),
        "total": ("order_total",),
        "refunded": ("refunded_total",),
    },
    amounts=N_("order_total holds taxes, fees and shipping, less discounts; items are not read"),
    statuses=(Status(("status",), WORDS),),
    style=ValueStyle(decimal=POINT),
)
FORMATS = (CORE, HPOS, AOE, WEBTOFFEE, SKYVERGE)
