"""The tables of the database as PostgreSQL lists them, with the catalog's classes of their columns.

So a table of a later version is exported, erased and deleted too, before any line here names it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from .catalog import CATALOG, PARENTS, USER_COLUMNS, Holds

# Each table and each partition with rows of its own; `root` is the partitioned table.
_TABLES = """
SELECT c.oid::bigint AS oid, c.relname::text AS name, coalesce(p.relname, c.relname)::text AS root,
       (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL), 'required', a.attnotnull)
                        ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
LEFT JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'orders'::regclass)
    AND (c.relname = ANY (%(known)s)
         OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
         OR p.relname = ANY (%(known)s))
ORDER BY 3, 2
"""
_BLOCKS = """
SELECT max(pg_relation_size(c.oid)) / current_setting('block_size')::bigint FROM pg_class c
WHERE c.oid = to_regclass(quote_ident(%s))
    OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass(quote_ident(%s)))
"""
AUDIT_LOG = "audit_log"
TEXTS = ("text", "character varying", "character", "citext", "jsonb", "json", "bytea", "text[]", "character varying[]")


@dataclass(frozen=True)
class Column:
    """A column; `type` is PostgreSQL's name without a length."""

    name: str
    type: str
    required: bool
    holds: Holds | None

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.name)


@dataclass(frozen=True)
class Table:
    """A table or a partition. `root` is the name by which the catalog lists it."""

    oid: int
    name: str
    root: str
    columns: tuple[Column, ...]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.name)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def searched(self, *, is_user: bool) -> tuple[Column, ...]:
        """The columns in which a name is searched and replaced."""
        kinds = (Holds.FREE,) if is_user else (Holds.FREE, Holds.CUSTOMER)
        return tuple(column for column in self.columns if column.holds in kinds)

    def named(self, *, is_user: bool) -> tuple[Column, ...]:
        """The columns in which a name is searched for an export. audit_entries.py erases those of the audit log."""
        if self.root == AUDIT_LOG:
            return tuple(column for column in self.columns if column.name in ("subject", "details"))
        return self.searched(is_user=is_user)

    @property
    def user_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.name in USER_COLUMNS and column.type == "bigint")

    @property
    def of_tenant(self) -> sql.Composable:
        """A condition on the row `t`, with the parameter `tenant`. A row without a tenant may belong to each."""
        column = self.column("tenant_id")
        if column is not None:
            # A sign-in that failed with an unknown e-mail is no tenant's.
            is_strict = column.required or self.root == AUDIT_LOG
            form = "t.tenant_id = %(tenant)s" if is_strict else "coalesce(t.tenant_id, %(tenant)s) = %(tenant)s"
            return sql.SQL(form)
        if self.root not in PARENTS:
            return sql.SQL("false")
        key, parent = PARENTS[self.root]
        condition = "EXISTS (SELECT FROM {} p WHERE p.id = t.{} AND coalesce(p.tenant_id, %(tenant)s) = %(tenant)s)"
        return sql.SQL(condition).format(sql.Identifier(parent), sql.Identifier(key))


def read(conn: psycopg.Connection[Any]) -> list[Table]:
    """Doorbell's tables in the present database, in the order of their names."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_TABLES, {"known": list(CATALOG)}).fetchall()
    return [Table(row["oid"], row["name"], row["root"], tuple(_columns(row))) for row in rows]


def whole(conn: psycopg.Connection[Any]) -> list[Table]:
    """The tables without their partitions, on which a web process has no rights: each is read through its partitioned table."""
    found = {table.root: replace(table, name=table.root) for table in read(conn)}
    return list(found.values())


def _columns(row: dict[str, Any]) -> list[Column]:
    listed = CATALOG.get(row["root"], {})
    found = []
    for column in row["columns"]:
        default = None
        if column["type"] in TEXTS:
            default = Holds.SECRET if column["type"] == "bytea" else Holds.FREE
        holds = listed.get(column["name"], default)
        found.append(Column(column["name"], column["type"], column["required"], holds))
    return found


def blocks(conn: psycopg.Connection[Any], table: Table) -> int:
    """The blocks of a table now, by which it is read in pages of bounded size, whatever its keys are.

    Of a partitioned table, those of its largest partition: a range of blocks is read in all partitions at once.
    """
    row = conn.execute(_BLOCKS, [table.name] * 2).fetchone()
    return int(row[0] or 0) if row else 0
