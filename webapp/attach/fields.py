"""The fields of an order that a table can have, and the usual names of their columns."""

from __future__ import annotations

from dataclasses import dataclass

# The kinds of values that an expression gives: a text, a number, a moment, or whether something has happened.
TEXT, NUMBER, TIME, FLAG = "text", "number", "time", "flag"


@dataclass(frozen=True)
class AttachedField:
    """A field: the kinds of values that it takes, its usual column names (the likeliest first), and its meaning."""

    kinds: tuple[str, ...]
    columns: tuple[str, ...]
    meaning: str


FIELDS: dict[str, AttachedField] = {
    "tenant": AttachedField((TEXT,), (), "the slug of the row's tenant, in place of --tenant"),
    "number": AttachedField(
        (TEXT, NUMBER),
        ("order_number", "number", "order_no", "order_nr", "increment_id", "reference", "order_ref", "ref"),
        "the order's number; without it, the primary key",
    ),
    "customer": AttachedField(
        (TEXT,),
        ("customer", "customer_name", "client", "client_name", "buyer", "buyer_name", "company", "company_name",
         "billing_name", "contact_name", "customer_email", "email"),
        "the customer's name",
    ),
    "owner": AttachedField(
        (TEXT, NUMBER),
        ("owner_email", "salesperson_email", "sales_rep_email", "rep_email", "seller_email", "salesperson", "sales_rep"),
        "the salesperson's e-mail, or a value that --owner maps to one",
    ),
    "status": AttachedField(
        (TEXT, NUMBER, FLAG),
        ("status", "order_status", "state", "financial_status", "payment_status"),
        "a word that --status maps to placed, paid, shipped, refunded, cancelled or ignored",
    ),
    "currency": AttachedField((TEXT,), ("currency", "currency_code"), "compared with the tenant's currency"),
    "total": AttachedField(
        (NUMBER, TEXT),
        ("total", "order_total", "total_amount", "grand_total", "amount_total", "total_price", "amount"),
        "the total in whole units: 12.50",
    ),
    "total_minor": AttachedField(
        (NUMBER, TEXT),
        ("total_minor", "total_cents", "total_in_cents", "amount_minor", "amount_cents", "amount_in_cents"),
        "the total in the currency's smallest unit: 1250",
    ),
    "refunded": AttachedField(
        (NUMBER, TEXT),
        ("refunded", "refunded_amount", "amount_refunded", "refund_amount", "total_refunded"),
        "the sum of all refunds in whole units",
    ),
    "refunded_minor": AttachedField(
        (NUMBER, TEXT),
        ("refunded_minor", "refunded_cents", "refund_cents", "amount_refunded_cents"),
        "the sum of all refunds in the smallest unit",
    ),
    "placed_at": AttachedField(
        (TIME, TEXT),
        ("placed_at", "ordered_at", "order_placed_at", "order_date", "date_order", "created_at", "date_created",
         "created_on", "creation_date", "inserted_at", "created"),
        "when it was placed",
    ),
    "paid_at": AttachedField(
        (TIME, TEXT, FLAG),
        ("paid_at", "date_paid", "payment_date", "paid_on", "is_paid", "paid"),
        "when it was paid",
    ),
    "shipped_at": AttachedField(
        (TIME, TEXT, FLAG),
        ("shipped_at", "fulfilled_at", "delivered_at", "ship_date", "shipped_date", "shipped_on", "is_shipped", "shipped"),
        "when it was shipped",
    ),
    "cancelled_at": AttachedField(
        (TIME, TEXT, FLAG),
        ("cancelled_at", "canceled_at", "cancelled_on", "is_cancelled", "is_canceled", "cancelled", "canceled"),
        "when it was cancelled",
    ),
    "refunded_at": AttachedField((TIME, TEXT), ("refunded_at", "date_refunded", "refund_date"), "when it was refunded last"),
    "changed_at": AttachedField(
        (TIME, TEXT),
        ("updated_at", "modified_at", "changed_at", "date_modified", "last_modified", "write_date", "updated_on", "updated"),
        "the time of a status without a time of its own, for rows from before the attachment",
    ),
    "deleted": AttachedField(
        (TIME, TEXT, FLAG),
        ("deleted_at", "is_deleted", "deleted", "removed_at", "date_deleted"),
        "true, or a time, for a row that is no order any more",
    ),
}  # fmt: skip

REQUIRED = ("placed_at",)
# One of them is required.
TOTALS = ("total", "total_minor")
REFUNDS = ("refunded", "refunded_minor")
