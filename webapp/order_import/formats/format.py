"""The facts of a format about its export: the header, its columns, its status words, its amounts, its zone and dates.

The meanings of `Format.columns`, besides the fields of an order (columns.py FIELDS):

status      not here but in `statuses`, one entry per status column
line_total  the price of the row's item, all units together; the unit price is computed from it
left        what is left of the total after refunds; the difference is the refund, if this is more than 0
refund      in rows that are a refund: the amount, whatever its sign
refund_of   in rows that are a refund: the number of the order
zone        the row's time zone, as IANA name, abbreviation or "Pacific Time (US & Canada)"

Candidates of a field are in the order of preference: the first that is not empty counts. A candidate that is a tuple is
several columns, joined by a blank: first and last name, date and time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..statuses import Words
from ..value_style import ValueStyle

Candidate = str | tuple[str, ...]

# Where an export does not name the buyer. Shopify's own text for a sale over the counter.
NO_CUSTOMER = "No customer"


@dataclass(frozen=True)
class Status:
    """A status column, by the first of `names` that the file has, and its words."""

    names: tuple[str, ...]
    words: Words


@dataclass(frozen=True)
class Format:
    """An export's layout. `name` is the value of --format, and its first word the source of the orders.

    `header` has the columns that the export always has (a tuple: one of them), which is how it is recognised. `title`
    completes "This looks like …", `amounts` the summary's line of amounts.

    `adds` are columns that each row adds to the order's total, with a minus in front those that it takes off; `once` are
    amounts of the order that its rows may repeat, such as shipping. Both read a missing column or an empty cell as 0.
    """

    name: str
    title: str
    header: tuple[Candidate, ...]
    columns: Mapping[str, tuple[Candidate, ...]]
    amounts: str
    statuses: tuple[Status, ...] = ()
    adds: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    style: ValueStyle = field(default_factory=ValueStyle)
    # Only rows with this cell have the order's fields; the other rows of the order have a line item each.
    first_row_has: str | None = None
    # A row without a number belongs to the order above it.
    carries_down: bool = False
    # A row without a number is not an order, such as a line of totals below the rows.
    skips_unnumbered: bool = False
    # The file's own times of payment and shipping decide, if it has such columns; a status alone sets none.
    times_decide: bool = False
    # The time of payment, where the export has no such column and no status; None: unpaid.
    paid_from: str | None = None
    # Amounts have more decimals than the currency, and are rounded half up.
    rounds: bool = False
    # Discount rates are per cent.
    percents: bool = False
    # Rows with a negative amount in this column are money that went out, and not an order unless they are a refund.
    incoming: str | None = None
    no_customer: str = NO_CUSTOMER

    @property
    def source(self) -> str:
        return self.name.partition("-")[0]
