"""The faults of rows that the SQL of a mapping writes (mapped_sql.py), as marked texts: a page shows them translated."""

from __future__ import annotations

from ..language import N_

ROW_FAULTS = (
    N_("the status '%(status)s' is not mapped; map it: --status WORD=STAGE"),
    N_("the currency is %(seen)s, but the tenant has %(currency)s; amounts are not converted"),
    N_("the total is empty"),
    N_("the total is negative; a return belongs to its order, as a refund"),
    N_("the refund is negative; map it as a positive amount: --map refunded=-COLUMN"),
    N_("more is refunded than the total"),
    N_("the time of the order is empty"),
    N_("the number has %(count)s characters; 1 to %(most)s are allowed"),
    N_("the primary key has more than %(most)s characters"),
    N_("the row names no tenant of Doorbell; see them with flask tenant list"),
    N_("the tenant was removed; detach the table"),
)
