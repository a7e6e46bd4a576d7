"""The fields of an order and the file's columns for them: by name, by --map, or by a format's own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import FileRefused

# For each field, its usual column names, the likeliest first. Case, spaces and underscores are ignored.
FIELDS: dict[str, tuple[str, ...]] = {
    "number": ("order number", "number", "order no", "order nr", "order id", "order", "order name", "name"),
    "customer": ("customer", "customer name", "client", "client name", "buyer", "company", "billing name"),
    "owner_email": ("owner email", "salesperson email", "sales rep email", "rep email", "seller email"),
    "owner_name": ("owner", "owner name", "salesperson", "salesperson name", "sales rep", "rep", "seller"),
    "placed_at": ("placed at", "placed", "order date", "ordered at", "ordered", "created at", "date"),
    "paid_at": ("paid at", "paid", "payment date", "paid date", "date paid"),
    "shipped_at": ("shipped at", "shipped", "shipped date", "ship date", "shipping date", "fulfilled at"),
    "cancelled_at": ("cancelled at", "canceled at", "cancelled", "canceled", "cancellation date"),
    "currency": ("currency", "currency code"),
    "total": ("total", "order total", "total amount", "grand total", "amount"),
    "refunded": ("refunded", "refunded amount", "refund", "refund amount"),
    "refunded_at": ("refunded at", "refund date", "refunded date", "date refunded"),
    "freight": ("freight", "shipping", "shipping cost", "shipping amount", "delivery"),
    "sku": ("sku", "product id", "product code", "item code", "article"),
    "product": ("product", "product name", "item", "item name", "description"),
    "quantity": ("quantity", "qty", "units"),
    "unit_price": ("unit price", "price", "item price"),
    "discount_rate": ("discount rate",),
    "line_discount": ("line discount",),
}
LINE_FIELDS = ("sku", "product", "quantity", "unit_price", "discount_rate", "line_discount")
# Ignored beside lines, these columns would silently make every total wrong.
CHANGES_A_TOTAL = ("discount", "discountamount", "tax", "taxes", "taxamount", "vat")


@dataclass(frozen=True)
class Columns:
    """The header, and the column indexes of each field found. Of several columns, the first non-empty cell is used."""

    header: tuple[str, ...]
    found: Mapping[str, tuple[int, ...]]

    def named(self, field: str) -> str:
        """`number=Order ID`, as the summary shows it."""
        return f"{field}={self.header[self.found[field][0]]}"

    @property
    def unread(self) -> list[str]:
        read = {index for indexes in self.found.values() for index in indexes}
        return [name for index, name in enumerate(self.header) if index not in read]


def match(header: Sequence[str], mapped: Mapping[str, str]) -> Columns:
    """The columns by their names; `mapped` (field → column name, empty = omit the field) takes precedence.

    Raises FileRefused for an unknown field or column, a name shared by two columns, or a missing column.
    """
    found = match_mapped(header, mapped)
    for field, names in FIELDS.items():
        if field not in mapped and (index := _first(header, names)) is not None:
            found[field] = (index,)
    missing = [field for field in ("number", "customer", "placed_at") if field not in found]
    lines = [field for field in ("product", "quantity", "unit_price") if field not in found]
    if "product" in lines and "sku" in found:
        lines.remove("product")
    if lines and "total" not in found:
        missing.append("total (or the lines' " + ", ".join(lines) + ")")
    if missing:
        raise FileRefused(_missing(header, missing))
    # The total is given, so incomplete lines can be omitted.
    if lines:
        found = {field: index for field, index in found.items() if field not in LINE_FIELDS}
    if "total" not in found:
        _refuse_unread_part_of_price(Columns(tuple(header), found))
    return Columns(tuple(header), found)


def match_mapped(header: Sequence[str], mapped: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    """The column indexes of the fields that --map names. Raises FileRefused for an unknown field or column."""
    found: dict[str, tuple[int, ...]] = {}
    for field, name in mapped.items():
        if field not in FIELDS:
            raise FileRefused(f"--map {field}={name}: {field!r} is not a field; allowed: {', '.join(FIELDS)}.")
        if not name:
            continue
        index = header.index(name) if header.count(name) == 1 else find(header, name)
        if index is None:
            raise FileRefused(f"--map {field}={name}: the file has no column {name!r}; it has {', '.join(header)}.")
        found[field] = (index,)
    return found


def find(header: Sequence[str], name: str) -> int | None:
    """The index of the column of that name, or None. Raises FileRefused when two columns have the name."""
    same = [index for index, column in enumerate(header) if plain(column) == plain(name)]
    if len(same) > 1:
        seen = " and ".join(f"column {index + 1} ({header[index]})" for index in same[:2])
        raise FileRefused(f"Two columns are named {name!r}: {seen}. Rename one, or choose one with --map field=Column.")
    return same[0] if same else None


def plain(name: str) -> str:
    """A column's name in lower case, without spaces and punctuation."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _first(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((index for name in names if (index := find(header, name)) is not None), None)


def _missing(header: Sequence[str], missing: Sequence[str]) -> str:
    columns = {plain(name) for name in header}
    if {"lineitemname", "financialstatus"} <= columns:
        return "This looks like Shopify's orders export: use --format shopify."
    return (
        f"No column was found for {', '.join(missing)}; the file has {', '.join(header)}. "
        f"Name it with --map {missing[0].split()[0]}=Column."
    )


def _refuse_unread_part_of_price(columns: Columns) -> None:
    for name in columns.unread:
        if plain(name) in CHANGES_A_TOTAL:
            raise FileRefused(
                f"The file has no total, and its column {name!r} may be part of the price: map it with "
                "--map discount_rate=… (0 to 1) or --map line_discount=… (an amount off the line), map a column to "
                "total, or remove it from the file."
            )
