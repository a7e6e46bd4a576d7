"""PayPal's activity download, in English and German: payments are orders, refunds belong to their Reference Txn ID.

The order of day and month is the account's, so it is said by --dates where an English file has slashes or points.
"""

from __future__ import annotations

from dataclasses import replace

from ...language import N_
from ..statuses import Meaning, words
from ..value_style import DMY, ValueStyle
from .format import Format, Status

TYPES = words(
    {
        Meaning.PLACED: "express checkout payment, website payment, website payments pro api solution, general payment, "
        "payment, mobile payment, mobile express checkout payment, subscription payment, ebay auction payment, "
        "preapproved payment bill user payment, pre approved payment bill user payment, direct credit card payment, "
        "virtual terminal payment, invoice payment, payment received, web accept payment received, checkout payment, "
        "donation payment, zahlung, allgemeine zahlung, handyzahlung, express kaufabwicklung, website zahlung, "
        "zahlung per express checkout, paypal express zahlung, paiement, paiement express checkout, pago, pagamento",
        Meaning.REFUND: "payment refund, refund, partial refund, payment reversal, chargeback, rückzahlung, "
        "rückerstattung, remboursement, remboursement de paiement, reembolso, reembolso de pago, rimborso",
        Meaning.NO_ORDER: "general withdrawal, withdrawal, general authorization, account hold for open authorization, "
        "reversal of general account hold, general currency conversion, currency conversion, general card deposit, "
        "general card withdrawal, bank deposit to pp account, bank deposit to pp account (obsolete), "
        "user initiated withdrawal, transfer to bank, transfer, transfer from bank, fee, payment fee, partner fee, "
        "mass payment, mass pay payment, dispute fee, chargeback fee, hold on balance for dispute investigation, "
        "cancellation of hold for dispute resolution, payment review hold, payment review release, payment hold, "
        "payment release, reserve hold, reserve release, order, authorization, void of authorization, invoice sent, "
        "request received, shopping cart item, warenkorbartikel, general incentive/certificate redemption, "
        "auszahlung, allgemeine abbuchung, von nutzer eingeleitete abbuchung, allgemeine währungsumrechnung, "
        "bankgutschrift auf paypal konto, allgemeine autorisierung",
    }
)
OUTCOMES = words(
    {
        Meaning.PLACED: "pending, unclaimed, held, processing, ausstehend, en attente, pendiente, in sospeso",
        Meaning.PAID: "completed, cleared, partially refunded, partially reversed, paid, abgeschlossen, effectué, "
        "terminé, completado, completato",
        Meaning.REFUNDED: "refunded, reversed, rückerstattet, remboursé, reembolsado, rimborsato",
        Meaning.NO_ORDER: "denied, failed, canceled, cancelled, removed, voided, expired, returned, blocked, created, "
        "active, abgelehnt, storniert",
    }
)
# Money that went out is no order, whatever it was paid for.
IMPACTS = words({Meaning.NO_ORDER: "memo", Meaning.PLACED: "credit, debit, soll, haben, guthaben, belastung"})
ACTIVITY = Format(
    name="paypal",
    title=N_("PayPal's activity download"),
    header=(
        "Date",
        "Time",
        ("TimeZone", "Time Zone"),
        "Name",
        "Type",
        "Status",
        "Currency",
        "Gross",
        "Transaction ID",
    ),
    columns={
        "number": ("Transaction ID",),
        "refund_of": ("Reference Txn ID",),
        "customer": ("Name", "From Email Address"),
        "placed_at": (("Date", "Time"),),
        "zone": ("TimeZone", "Time Zone"),
        "currency": ("Currency",),
        "total": ("Gross",),
    },
    amounts=N_("Gross is what the customer paid; PayPal's fees are not taken off"),
    statuses=(Status(("Type",), TYPES), Status(("Status",), OUTCOMES), Status(("Balance Impact",), IMPACTS)),
    incoming="Gross",
)
GERMAN = replace(
    ACTIVITY,
    name="paypal-german",
    title=N_("PayPal's activity download in German"),
    header=("Datum", "Uhrzeit", "Zeitzone", "Name", "Typ", "Status", "Währung", "Brutto", "Transaktionscode"),
    columns={
        "number": ("Transaktionscode",),
        "refund_of": ("Zugehöriger Transaktionscode",),
        "customer": ("Name", "Absender E-Mail-Adresse"),
        "placed_at": (("Datum", "Uhrzeit"),),
        "zone": ("Zeitzone",),
        "currency": ("Währung",),
        "total": ("Brutto",),
    },
    amounts=N_("Brutto is what the customer paid; PayPal's fees are not taken off"),
    statuses=(Status(("Typ",), TYPES), Status(("Status",), OUTCOMES), Status(("Auswirkung auf Guthaben",), IMPACTS)),
    style=ValueStyle(dates=DMY),
    incoming="Brutto",
)
FORMATS = (ACTIVITY, GERMAN)
