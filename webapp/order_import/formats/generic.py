"""Any other CSV file: columns by their usual names, and status columns by theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...language import N_
from ...language import gettext as _
from .. import price_parts
from ..columns import STATUS, find, match, plain
from ..statuses import FULFILLMENT_WORDS, ORDER_WORDS, PAYMENT_WORDS, StatusColumn, Words
from .format import Format
from .matching import Layout, implied, mapped_status

GENERIC = Format(
    name="csv",
    title=N_("a CSV file"),
    header=(),
    columns={},
    amounts=N_("the total, or the sum of the lines and the freight"),
    no_customer="",
)
# The usual names of status columns, the likeliest first of each kind.
STATUS_COLUMNS: tuple[tuple[tuple[str, ...], Words], ...] = (
    (
        ("order status", "order state", "status", "state", "bestellstatus", "statut", "estado", "stato", "état"),
        ORDER_WORDS,
    ),
    (("financial status", "payment status", "payment state", "zahlungsstatus"), PAYMENT_WORDS),
    (
        ("fulfillment status", "fulfilment status", "shipping status", "delivery status", "shipment status"),
        FULFILLMENT_WORDS,
    ),
)
# With one of these beside it, "State" is a part of an address.
ADDRESS = frozenset({"city", "zip", "zipcode", "postalcode", "postcode", "address", "country", "region", "town"})


def lay_out(header: Sequence[str], mapped: Mapping[str, str]) -> Layout:
    """The columns by their names. Raises FileRefused, as columns.match."""
    columns = match(header, mapped)
    taken = {index for indexes in columns.found.values() for index in indexes}
    statuses = tuple(column for column in _statuses(header, mapped) if column.index not in taken)
    texts = {field: (indexes,) for field, indexes in columns.found.items()}
    columns = replace(
        columns, statuses=frozenset(column.index for column in statuses), implied=implied(GENERIC, statuses)
    )
    amounts = GENERIC.amounts
    # A freight column is a part of the price too, and the total has it already.
    beside = [columns.header[index] for index in columns.found.get("freight", ())]
    if "total" in columns.found and (parts := [*beside, *price_parts.of(columns.unread)]):
        whole = columns.named("total")
        amounts = _("%(column)s is the whole price; not added: %(parts)s", column=whole, parts=", ".join(parts))
    return Layout(replace(GENERIC, amounts=amounts), columns, texts, statuses, (), ())


def status_words(name: str) -> Words:
    """The words of the status column of that name."""
    return next((words for names, words in STATUS_COLUMNS if plain(name) in map(plain, names)), ORDER_WORDS)


def _statuses(header: Sequence[str], mapped: Mapping[str, str]) -> list[StatusColumn]:
    if STATUS in mapped:
        name = mapped[STATUS]
        return mapped_status(header, name, status_words(name))
    columns = []
    has_address = bool(ADDRESS & {plain(name) for name in header})
    for names, words in STATUS_COLUMNS:
        usable = [name for name in names if not (has_address and name in ("state", "estado", "stato"))]
        index = next((index for name in usable if (index := find(header, name)) is not None), None)
        if index is not None:
            columns.append(StatusColumn(index, header[index], words))
    return columns
