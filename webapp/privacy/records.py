"""The rows about a person or a customer, in any table: those that belong to the subject, and those whose texts name it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, tuple_row

from . import sweep, tables
from .catalog import NOT_EXPORTED, Holds
from .names import CUSTOMER_KEYS, Names
from .subjects import Subject
from .tables import Table

# Orders of one customer. More are those of no person, such as "Guest".
MAX_ORDERS = 100_000
# Tables up to this size are counted for a page; the rows of larger ones are counted by the export.
MAX_COUNTED_BLOCKS = 4_000
HIDDEN = "(secret)"
ANOTHER = "(another person)"
# By whom and from where an action of the audit log was done.
_OF_ACTOR = ("actor_name", "address", "session", "browser")
_ORDERS = """
SELECT id FROM orders WHERE tenant_id = %(tenant)s AND order_customer_key(customer) IN (
    SELECT order_customer_key(name) FROM unnest(%(names)s::text[]) AS name) ORDER BY id LIMIT %(most)s
"""
_PAGE = """
SELECT {belongs} AS "*belongs", t.* FROM {table} t
WHERE t.ctid >= {first}::tid AND t.ctid < {end}::tid AND {of_tenant} AND ({belongs} OR {matches})
"""
# webhook_attempts have no order of their own.
_OF_DELIVERIES = """
t.delivery_id IN (SELECT d.id FROM webhook_deliveries d WHERE d.tenant_id = %(tenant)s AND d.order_id = ANY (%(orders)s))
"""
FALSE = sql.SQL("false")


@dataclass(frozen=True)
class Search:
    """A subject with the parameters of its queries."""

    subject: Subject
    names: Names
    values: dict[str, Any]

    @classmethod
    def of(cls, conn: psycopg.Connection[Any], subject: Subject) -> Search:
        names = subject.names("*")
        values: dict[str, Any] = {
            "tenant": subject.tenant_id,
            "user": subject.user_id,
            "loose": names.loose,
            "orders": [],
        }
        if not subject.is_user:
            asked = {"tenant": subject.tenant_id, "names": list(subject.spellings), "most": MAX_ORDERS}
            rows = conn.cursor(row_factory=tuple_row).execute(_ORDERS, asked)
            values["orders"] = [row[0] for row in rows]
        return cls(subject, names, values)

    def belongs(self, table: Table) -> sql.Composable:
        """A condition on the row `t`: it is of the subject, whatever its texts are."""
        if not self.subject.is_user:
            if table.root == "orders":
                return sql.SQL("t.id = ANY (%(orders)s)")
            if table.root == "webhook_attempts":
                return sql.SQL(_OF_DELIVERIES)
            return sql.SQL("t.order_id = ANY (%(orders)s)") if table.column("order_id") else FALSE
        conditions: list[sql.Composable] = [
            sql.SQL("coalesce(t.{} = %(user)s, false)").format(column.identifier) for column in table.user_columns
        ]
        if table.root == "users":
            conditions.append(sql.SQL("t.id = %(user)s"))
        if table.column("mentioned"):
            conditions.append(sql.SQL("%(user)s = ANY (t.mentioned)"))
        return sql.SQL("({})").format(sql.SQL(" OR ").join(conditions)) if conditions else FALSE


def exported(conn: psycopg.Connection[Any]) -> list[Table]:
    return [table for table in tables.whole(conn) if table.root not in NOT_EXPORTED]


def page(conn: psycopg.Connection[Any], search: Search, table: Table, first: int) -> Iterator[dict[str, Any]]:
    """The rows of the subject in the blocks from `first` on, as values of JSON."""
    searched = table.named(is_user=search.subject.is_user)
    statement = sql.SQL(_PAGE).format(
        table=table.identifier,
        first=sql.Literal(f"({first},0)"),
        end=sql.Literal(f"({first + sweep.PAGE_BLOCKS},0)"),
        of_tenant=table.of_tenant,
        belongs=search.belongs(table),
        matches=sweep.matches(searched) if searched else FALSE,
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement, search.values):
            if row.pop("*belongs") or sweep.changes(searched, row, search.names):
                yield shown(table, row, search.subject)


def shown(table: Table, row: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """The row without secrets, without the person behind another's action and, for a user, without the names of customers."""
    holds = {column.name: column.holds for column in table.columns}
    if table.root == tables.AUDIT_LOG and row["actor_id"] != (subject.user_id or 0):
        row = row | {name: ANOTHER for name in _OF_ACTOR if row[name] is not None}
    return {name: _value(value, holds[name], subject) for name, value in row.items()}


def _value(value: Any, holds: Holds | None, subject: Subject) -> Any:
    if value is None:
        return None
    if holds is Holds.SECRET:
        return HIDDEN
    if holds is Holds.CUSTOMER and subject.is_user:
        return ANOTHER
    if isinstance(value, bytes | memoryview):
        return _document(bytes(value), subject)
    if isinstance(value, dict | list) and subject.is_user:
        return _without_customers(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str | dict | list) else str(value)


def _document(content: bytes, subject: Subject) -> Any:
    """A JSON document in bytes: as its text, or as a document without the names of customers."""
    if subject.is_user:
        with contextlib.suppress(ValueError):
            return _without_customers(json.loads(content))
    return content.decode(errors="replace")


def _without_customers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: ANOTHER if key in CUSTOMER_KEYS else _without_customers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_customers(part) for part in value]
    return value


def count(conn: psycopg.Connection[Any], search: Search) -> dict[str, int | None]:
    """The rows of the subject by table, where there are any; None where the table is too large to be searched for a page."""
    counts: dict[str, int | None] = {}
    for table in exported(conn):
        if (blocks := tables.blocks(conn, table)) > MAX_COUNTED_BLOCKS:
            counts[table.root] = None
        if counts.get(table.root, 0) is None:
            continue
        for first in range(0, blocks, sweep.PAGE_BLOCKS):
            found = sum(1 for _ in page(conn, search, table, first))
            counts[table.root] = (counts.get(table.root) or 0) + found
    if search.values["orders"]:
        counts["orders"] = len(search.values["orders"])
    return {table: rows for table, rows in counts.items() if rows is None or rows}
