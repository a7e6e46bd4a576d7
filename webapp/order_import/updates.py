"""`--update`: orders that exist are brought up to date with the file, and only ever forwards.

Paid, shipped and cancelled are set once and never taken back; of two times the earlier one counts. A payment or shipment that
was corrected here is not set again by the same time in a file. Refunds only grow, up to the
total. Customer, owner, order date, total and items become those of the file. An order keeps the things that the file lacks or
that its rules do not allow to change, with a reason. So a second run of the file changes nothing.

import_changes   one row per order that exists with other content: its new values, and what changes
import_kept      one row per order that keeps something, with the reason
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row, dict_row

from .updates_sql import APPLY, CHANGES, DELETE_LINES, FIRST_KEPT, INSERT_LINES, KEPT, LOCK, TOTALS

# Kept orders that the summary shows.
MAX_KEPT_SHOWN = 20


@dataclass(frozen=True)
class Kept:
    """An order that has something which the file would take back, and what that is."""

    number: str
    reason: str


@dataclass(frozen=True)
class Updates:
    """Numbers of orders that exist: `changed` ones, and how; one order may be in several of `paid` to `edited`.

    Of `kept` orders something stayed as it was; `untouched` ones of them did not change at all.
    """

    changed: int
    paid: int
    shipped: int
    refunded: int
    cancelled: int
    edited: int
    kept: int
    untouched: int
    first_kept: list[Kept]


def find(conn: psycopg.Connection, tenant_id: int, digits: int, fields: Collection[str]) -> Updates:
    """The changes that an update would make now. `fields` are those of the file: a missing column takes nothing back."""
    conn.execute("SET LOCAL enable_nestloop = on")  # by the orders' ids
    conn.execute(CHANGES, {"tenant": tenant_id})
    conn.execute("SET LOCAL enable_nestloop = off")
    given = {f"has_{field}": field in fields for field in ("paid_at", "shipped_at", "cancelled_at", "refunded")}
    conn.execute(KEPT, {"digits": digits, **given})
    with conn.cursor(row_factory=dict_row) as rows:
        totals = rows.execute(TOTALS).fetchone()
    assert totals is not None
    with conn.cursor(row_factory=class_row(Kept)) as cursor:
        kept = cursor.execute(FIRST_KEPT, {"most": MAX_KEPT_SHOWN}).fetchall()
    return Updates(**totals, first_kept=kept)


def apply(conn: psycopg.Connection, tenant_id: int, digits: int, fields: Collection[str]) -> Updates:
    """Lock the orders, compare them again, and write the changes. In the caller's transaction, which is READ COMMITTED.

    The locks are taken in the order of ids, and each order is compared after it was locked. So what other writers have
    committed is neither lost nor taken back.
    """
    values = {"tenant": tenant_id}
    conn.execute("SET LOCAL enable_nestloop = on")
    conn.execute(LOCK, values)
    updates = find(conn, tenant_id, digits, fields)
    if updates.changed:
        conn.execute("ANALYZE import_changes")
        # Unlike the orders that are placed, a payment of today is news for the owner; the trigger passes over older ones.
        conn.execute("SET LOCAL doorbell.notify TO DEFAULT")
        for statement in (APPLY, DELETE_LINES, INSERT_LINES):
            conn.execute(statement, values)
    return updates
