"""PrestaShop: the orders grid (Orders → Export), in several languages, and the table ps_orders by the SQL manager."""

from __future__ import annotations

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import POINT, ValueStyle
from .format import Format, Status

# The statuses of a new shop in English, German, French, Spanish, Italian and Dutch.
WORDS = words(
    {
        Meaning.PLACED: "awaiting check payment, awaiting cheque payment, awaiting bank wire payment, "
        "awaiting paypal payment, awaiting cash on delivery validation, on backorder (not paid), "
        "authorized. to be captured by merchant, waiting for payment, waiting for capture, partial payment, "
        "warten auf zahlungseingang scheck, warten auf scheckzahlung, warten auf überweisung, "
        "warten auf zahlungseingang banküberweisung, nicht auf lager (nicht bezahlt), en attente de paiement par chèque, "
        "en attente du paiement par chèque, en attente de virement bancaire, en attente du paiement par virement bancaire, "
        "en attente de paiement à la livraison, en attente de réapprovisionnement (non payé), en espera de pago por cheque, "
        "en espera de pago por banco, en espera de pago por transferencia bancaria, "
        "en espera de validación por contra reembolso., in attesa di pagamento con assegno, "
        "in attesa di pagamento con bonifico bancario, in attesa di verifica contrassegno, "
        "in afwachting van betaling per cheque, in afwachting van bankoverschrijving",
        Meaning.PAID: "payment accepted, processing in progress, preparation in progress, remote payment accepted, "
        "payment remotely accepted, on backorder (paid), partial refund, zahlung eingegangen, zahlung akzeptiert, "
        "bestellung in bearbeitung, bestellung eingegangen, vorbereitung in bearbeitung, nicht auf lager (bezahlt), "
        "paiement accepté, paiement à distance accepté, en cours de préparation, préparation en cours, "
        "en attente de réapprovisionnement (payé), remboursement partiel, pago aceptado, pago remoto aceptado, "
        "preparación en curso, en preparación, pedido pendiente por falta de stock (pagado), pagamento accettato, "
        "pagamento remoto accettato, preparazione in corso, betaling aanvaard, betaling geaccepteerd, "
        "bestelling in behandeling, wordt voorbereid",
        Meaning.PAID_AND_SHIPPED: "shipped, delivered, versandt, versendet, auf dem weg, zugestellt, geliefert, expédié, "
        "livré, enviado, entregado, spedito, consegnato, verzonden, geleverd",
        Meaning.REFUNDED: "refunded, erstattet, rückerstattet, remboursé, reembolsado, rimborsato, terugbetaald",
        Meaning.CANCELLED: "canceled, cancelled, storniert, annulé, cancelado, annullato, geannuleerd",
        Meaning.NO_ORDER: "payment error, fehler bei der bezahlung, zahlungsfehler, erreur de paiement, error en pago, "
        "errore di pagamento, betalingsfout",
    }
)
# The ids of a new shop; those of 11 and 12 differ between versions.
IDS = words(
    {
        Meaning.PLACED: "1, 10, 13",
        Meaning.PAID: "2, 3, 9",
        Meaning.PAID_AND_SHIPPED: "4, 5",
        Meaning.REFUNDED: "7",
        Meaning.CANCELLED: "6",
        Meaning.NO_ORDER: "8",
    }
)
GRID = Format(
    name="prestashop",
    title=N_("PrestaShop's orders grid"),
    header=(
        *("ID", ("Reference", "Référence", "Bestellnummer", "Referencia", "Riferimento", "Referentie")),
        *(("Customer", "Client", "Kunde", "Cliente", "Klant"), ("Total", "Gesamt", "Totale", "Totaal")),
        *(("Status", "État", "Etat", "Estado", "Stato"), ("Date", "Datum", "Fecha", "Data")),
    ),
    columns={
        "number": ("Reference", "Référence", "Bestellnummer", "Referencia", "Riferimento", "Referentie"),
        "customer": (
            *("Customer", "Client", "Kunde", "Cliente", "Klant"),
            *("Company", "Société", "Firma", "Empresa", "Azienda", "Bedrijf"),
        ),
        "placed_at": ("Date", "Datum", "Fecha", "Data"),
        "total": ("Total", "Gesamt", "Totale", "Totaal"),
    },
    amounts=N_("the total holds taxes and shipping, less discounts"),
    statuses=(Status(("Status", "État", "Etat", "Estado", "Stato"), WORDS),),
)
TABLE = Format(
    name="prestashop-sql",
    title=N_("PrestaShop's table of orders (SQL manager)"),
    header=("id_order", "reference", "date_add", ("total_paid", "total_paid_tax_incl")),
    columns={
        "number": ("reference",),
        "customer": ("customer", ("firstname", "lastname"), "company", "email", "id_customer"),
        "placed_at": ("date_add",),
        "paid_at": ("invoice_date",),
        "shipped_at": ("delivery_date",),
        "total": ("total_paid", "total_paid_tax_incl"),
    },
    amounts=N_("total_paid holds taxes and shipping, less discounts"),
    statuses=(Status(("current_state",), IDS), Status(("osname", "status", "state_name"), WORDS)),
    style=ValueStyle(decimal=POINT),
    times_decide=True,
)
FORMATS = (GRID, TABLE)
