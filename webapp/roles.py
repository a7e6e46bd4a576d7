"""`doorbell_writer`, the group role of programs that write orders: which columns they may fill, change and read.

Without `id`: a program that chooses ids can take those that the sequence gives next. Without reading what orders contain:
the rights are not a tenant's, so a program would read the customers of all. The columns that it reads are those that
name an order, for WHERE, for ON CONFLICT (tenant_id, number) and for RETURNING id, which lines need.
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

# Table, right, and its columns; a right without columns is the whole table's.
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


def statements(conn: psycopg.Connection[Any]) -> list[str]:
    """The SQL that makes the role where it is missing and gives it its rights, one statement each; safe to run again."""
    row = conn.execute(_HOME).fetchone()
    assert row is not None
    database, schema = row[0], row[1]
    role = sql.Identifier(WRITER)
    made = [] if exists(conn) else [sql.SQL("CREATE ROLE {} NOLOGIN").format(role)]
    rights = [
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), role),
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role),
        *(
            sql.SQL("GRANT {}{} ON {} TO {}").format(
                sql.SQL(right), _columns(columns), sql.Identifier(schema, table), role
            )
            for table, right, columns in GRANTS
        ),
    ]
    return [statement.as_string(conn) for statement in [*made, *rights]]


def create(conn: psycopg.Connection[Any]) -> None:
    """Make the role and give it its rights, all or nothing. Raises psycopg.errors.InsufficientPrivilege."""
    with conn.transaction():
        for statement in statements(conn):
            conn.execute(statement.encode())


def exists(conn: psycopg.Connection[Any]) -> bool:
    return conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [WRITER]).fetchone() is not None


def _columns(columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, columns))) if columns else sql.SQL("")
