"""`doorbell_writer`, the group role of programs that write orders, with its rights on columns.

It may not write `id`, because a program that chooses ids can use those that the sequence gives next. It may not read the
contents of orders, because rights are not per tenant: a program would read the customers of all. It reads the columns that
identify an order, for WHERE, for ON CONFLICT (tenant_id, number) and for RETURNING id, which lines need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

WRITER = "doorbell_writer"

_CHANGED = (
    "number",
    "customer",
    "owner_id",
    "currency",
    "total_minor",
    "refunded_minor",
    "placed_at",
    "paid_at",
    "shipped_at",
    "cancelled_at",
    "refunded_at",
    "source",
    "updated_at",
)
_CHANGED_OF_LINES = ("sku", "product", "quantity", "unit_price_minor", "total_minor")

# Table, right and columns; a right without columns is on the whole table.
GRANTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("orders", "INSERT", ("tenant_id", *_CHANGED)),
    ("orders", "UPDATE", _CHANGED),
    ("orders", "SELECT", ("id", "tenant_id", "number")),
    ("order_lines", "INSERT", ("tenant_id", "order_id", "position", *_CHANGED_OF_LINES)),
    ("order_lines", "UPDATE", _CHANGED_OF_LINES),
    ("order_lines", "SELECT", ("tenant_id", "order_id", "position")),
    ("order_lines", "DELETE", ()),
)

_HOME = """
SELECT current_database() AS database, n.nspname AS schema
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'orders'::regclass
"""


class NotGranted(Exception):
    """PostgreSQL only warned that the session's role may not grant these rights. `statements` are for a role that may."""

    def __init__(self, statements: Sequence[str]) -> None:
        super().__init__("; ".join(statements))
        self.statements = statements


def statements(conn: psycopg.Connection[Any]) -> list[str]:
    """The SQL that creates the role if it is missing and grants its rights, one statement each; safe to run again."""
    created = [] if exists(conn) else [sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(WRITER)).as_string(conn)]
    return [*created, *(grant for grant, _ in _rights(conn))]


def create(conn: psycopg.Connection[Any]) -> None:
    """Create the role and grant its rights, all or nothing. Raises psycopg.errors.InsufficientPrivilege and NotGranted."""
    with conn.transaction():
        for statement in statements(conn):
            conn.execute(statement.encode())
        if missing := [grant for grant, has in _rights(conn) if conn.execute(has.encode()).fetchone() != (True,)]:
            raise NotGranted(missing)


def exists(conn: psycopg.Connection[Any]) -> bool:
    return conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [WRITER]).fetchone() is not None


def _rights(conn: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Each statement that grants a right, with the query that checks it."""
    row = conn.execute(_HOME).fetchone()
    assert row is not None
    database, schema = row[0], row[1]
    pairs = [
        _right("CONNECT", sql.SQL("DATABASE {}").format(sql.Identifier(database)), "database", database),
        _right("USAGE", sql.SQL("SCHEMA {}").format(sql.Identifier(schema)), "schema", schema),
    ]
    for table, right, columns in GRANTS:
        name = sql.Identifier(schema, table)
        if columns:
            grant = sql.SQL("{} ({})").format(sql.SQL(right), sql.SQL(", ").join(map(sql.Identifier, columns)))
            has = sql.SQL("SELECT bool_and(has_column_privilege({}, {}, c, {})) FROM unnest({}::text[]) AS c").format(
                WRITER, name.as_string(conn), right, list(columns)
            )
            pairs.append((sql.SQL("GRANT {} ON {} TO {}").format(grant, name, sql.Identifier(WRITER)), has))
        else:
            pairs.append(_right(right, name, "table", name.as_string(conn)))
    return [(grant.as_string(conn), has.as_string(conn)) for grant, has in pairs]


def _right(right: str, thing: sql.Composable, kind: str, name: str) -> tuple[sql.Composed, sql.Composed]:
    """A right on a whole database, schema or table, which has_database_privilege() and the like take as text."""
    grant = sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(right), thing, sql.Identifier(WRITER))
    return grant, sql.SQL("SELECT {}({}, {}, {})").format(sql.Identifier(f"has_{kind}_privilege"), WRITER, name, right)
