"""The fields of an order and the file's columns for them: by name, by --map, or by a format's own names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..language import gettext as _
from . import price_parts
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
# Mapped like a field: the column whose words are read (statuses.py).
STATUS = "status"
_ZONE = re.compile(r"\((?:UTC|GMT)[^)]*\)|[ _-](?:UTC|GMT)$", re.IGNORECASE)
_PLACE = re.compile(r"#[0-9]{1,5}")


@dataclass(frozen=True)
class Columns:
    """The header, and the column indexes of each field found. Of several columns, the first non-empty cell is used.

    `statuses` and `amounts` are columns that are read besides; `implied` are fields that status words give.
    """

    header: tuple[str, ...]
    found: Mapping[str, tuple[int, ...]]
    statuses: frozenset[int] = frozenset()
    amounts: frozenset[int] = frozenset()
    implied: frozenset[str] = frozenset()

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the file has, by columns or by status words."""
        return frozenset(self.found) | self.implied

    def named(self, field: str) -> str:
        """`number=Order ID`, as the summary shows it."""
        return f"{field}={self.header[self.found[field][0]]}"

    @property
    def unread(self) -> list[str]:
        read = {index for indexes in self.found.values() for index in indexes} | self.statuses | self.amounts
        return [name for index, name in enumerate(self.header) if name and index not in read]


def match(header: Sequence[str], mapped: Mapping[str, str]) -> Columns:
    """The columns by their names; `mapped` (field → column name, empty = omit the field) takes precedence.

    Raises FileRefused for an unknown field or column, a name shared by two columns, or a missing column.
    """
    found = match_mapped(header, mapped)
    # A column that --map gives to one field is not found by its name for another.
    given = {index for indexes in found.values() for index in indexes}
    if name := mapped.get(STATUS):
        given.add(named_column(header, STATUS, name))
    for field, names in FIELDS.items():
        if field not in mapped and (index := _first(header, names, given)) is not None:
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
        if field not in FIELDS and field != STATUS:
            raise FileRefused(
                _(
                    "--map %(field)s=%(name)s: %(field)r is not a field; allowed: %(allowed)s.",
                    field=field,
                    name=name,
                    allowed=", ".join((*FIELDS, STATUS)),
                )
            )
        if name and field != STATUS:
            found[field] = (named_column(header, field, name),)
    return found


def named_column(header: Sequence[str], field: str, name: str) -> int:
    """The index of the column that --map names for a field, by its name or its place. Raises FileRefused for an unknown one."""
    index = header.index(name) if header.count(name) == 1 else _by_place(header, name)
    if index is None:
        index = find(header, name)
    if index is None:
        raise FileRefused(
            _(
                "--map %(field)s=%(name)s: the file has no column %(name)r; it has %(header)s.",
                field=field,
                name=name,
                header=", ".join(header),
            )
        )
    return index


def find(header: Sequence[str], name: str) -> int | None:
    """The index of the column of that name, or None. Raises FileRefused when two columns have the name."""
    same = [index for index, column in enumerate(header) if plain(column) == plain(name)]
    if not same:
        # "Created at (UTC)" is a column "created at".
        same = [index for index, column in enumerate(header) if plain(_ZONE.sub("", column)) == plain(name)]
    if len(same) > 1:
        seen = " and ".join(
            _("column %(index)s (%(header)s)", index=index + 1, header=header[index]) for index in same[:2]
        )
        raise FileRefused(
            _(
                "Two columns are named %(name)r: %(seen)s. Choose one by its place, such as --map field=#%(same)s.",
                name=name,
                seen=seen,
                same=same[0] + 1,
            )
        )
    return same[0] if same else None


def _by_place(header: Sequence[str], name: str) -> int | None:
    """The index of the column `#4`, the fourth; None if the text is not a place or the file has fewer columns."""
    place = int(name[1:]) if _PLACE.fullmatch(name) else 0
    return place - 1 if 1 <= place <= len(header) else None


def plain(name: str) -> str:
    """A column's name in lower case, without spaces and punctuation."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _first(header: Sequence[str], names: Sequence[str], given: Collection[int]) -> int | None:
    free = ["" if index in given else name for index, name in enumerate(header)]
    return next((index for name in names if (index := find(free, name)) is not None), None)


def _missing(header: Sequence[str], missing: Sequence[str]) -> str:
    return _(
        "No column was found for %(missing)s; the file has %(header)s. Name it with --map %(first)s=Column.",
        missing=", ".join(missing),
        header=", ".join(header),
        first=missing[0].split()[0],
    )


def _refuse_unread_part_of_price(columns: Columns) -> None:
    if names := price_parts.of(columns.unread):
        named = " and ".join(map(repr, names))
        seen = _("its column %(names)s", names=named) if len(names) == 1 else _("its columns %(names)s", names=named)
        raise FileRefused(
            _(
                "The file has no total, and %(columns)s may be part of the price: map it with --map "
                "freight=… (once per order), --map discount_rate=… (0 to 1) or --map line_discount=… (an amount "
                "off the line), map a column to total, or remove it from the file.",
                columns=seen,
            )
        )
