"""The fields of an order to which a page assigns the columns of an upload, with their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from flask_babel.speaklater import LazyString

from ..language import lazy_gettext
from ..order_import.columns import FIELDS

Text: TypeAlias = str | LazyString


@dataclass(frozen=True)
class Field:
    """A field of an order with its label. Without `is_needed` a file may lack it."""

    name: str
    label: Text
    is_needed: bool = False


FIELD_GROUPS: tuple[tuple[Text, tuple[Field, ...]], ...] = (
    (
        lazy_gettext("Order"),
        (
            Field("number", lazy_gettext("Order number"), True),
            Field("customer", lazy_gettext("Customer"), True),
            Field("placed_at", lazy_gettext("Placed at"), True),
            Field("total", lazy_gettext("Total")),
            Field("currency", lazy_gettext("Currency")),
            Field("freight", lazy_gettext("Shipping")),
        ),
    ),
    (
        lazy_gettext("Paid, shipped, cancelled, refunded"),
        (
            Field("paid_at", lazy_gettext("Paid at")),
            Field("shipped_at", lazy_gettext("Shipped at")),
            Field("cancelled_at", lazy_gettext("Cancelled at")),
            Field("refunded", lazy_gettext("Refunded amount")),
            Field("status", lazy_gettext("Status")),
        ),
    ),
    (
        lazy_gettext("Salesperson"),
        (Field("owner_email", lazy_gettext("E-mail")), Field("owner_name", lazy_gettext("Name"))),
    ),
    (
        lazy_gettext("Items"),
        (
            Field("product", lazy_gettext("Product")),
            Field("sku", lazy_gettext("SKU")),
            Field("quantity", lazy_gettext("Quantity")),
            Field("unit_price", lazy_gettext("Unit price")),
            Field("discount_rate", lazy_gettext("Discount rate")),
            Field("line_discount", lazy_gettext("Line discount")),
        ),
    ),
)
_NAMED = {field.name: field for _title, group in FIELD_GROUPS for field in group}
_OTHERS = tuple(Field(name, name.replace("_", " ").capitalize()) for name in FIELDS if name not in _NAMED)


def field_groups() -> tuple[tuple[Text, tuple[Field, ...]], ...]:
    """All fields of an import by group; those without a group come last."""
    return (*FIELD_GROUPS, (lazy_gettext("Other"), _OTHERS)) if _OTHERS else FIELD_GROUPS


def field_label(name: str) -> str:
    return next((str(field.label) for field in (*_NAMED.values(), *_OTHERS) if field.name == name), name)
