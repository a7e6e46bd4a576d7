"""The table as PostgreSQL's catalog describes it, and whether it can be attached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from ..language import gettext as _
from . import attachable
from .errors import AttachRefused
from .fields import FLAG, NUMBER, TEXT, TIME

# Kinds of values by pg_type.typcategory. Others, such as arrays and JSON, map to no field as they are.
_KINDS = {"S": TEXT, "E": TEXT, "N": NUMBER, "D": TIME, "B": FLAG}
_FIND = "SELECT to_regclass(%s)::oid::bigint"
_NEAR = """
SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
    AND (lower(c.relname) = lower(%(name)s) OR n.nspname = %(schema)s)
ORDER BY lower(c.relname) <> lower(%(name)s), 1 LIMIT 8
"""
_TABLE = """
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       greatest(c.reltuples, 0)::bigint AS estimate, c.relispartition AS is_partition, c.relpersistence = 't' AS is_temporary,
       row_security_active(c.oid) AS hides_rows, c.relowner::regrole::text AS owner,
       c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'orders'::regclass) AS is_beside_orders,
       EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AND c.relkind = 'r' AS has_children,
       has_table_privilege(c.oid, 'SELECT') AND has_any_column_privilege(c.oid, 'UPDATE') AS is_readable,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS sql, current_user::text AS role
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s
"""
_COLUMNS = """
SELECT a.attname AS name, quote_ident(a.attname) AS sql, format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.atttypid IN ('time'::regtype, 'timetz'::regtype) THEN '' ELSE t.typcategory::text END AS category,
       array_position((i.indkey::int2[])[0 : i.indnkeyatts - 1], a.attnum) AS key_position,
       CASE WHEN a.attgenerated = 'v' THEN pg_get_expr(d.adbin, d.adrelid) END AS computed
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
# The table itself, and each partition of a partitioned one.
_PARTS = """
SELECT c.oid::bigint AS oid, c.relkind::text AS kind, n.nspname || '.' || c.relname AS name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS sql, has_table_privilege(c.oid, 'TRIGGER') AS may_trigger
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = %(oid)s OR c.oid IN (SELECT relid FROM pg_partition_tree(%(oid)s)) ORDER BY c.oid <> %(oid)s, 3
"""


@dataclass(frozen=True)
class TableColumn:
    """A column. `sql` is its quoted name, `key_position` its place in the primary key, or None.

    `computed` is the expression of a virtual generated column, which triggers see as NULL.
    """

    name: str
    sql: str
    type: str
    category: str
    key_position: int | None
    computed: str | None

    @property
    def kind(self) -> str | None:
        """The kind of its values as fields.py has them; None for other types."""
        return _KINDS.get(self.category)


@dataclass(frozen=True)
class TablePart:
    """The table itself or one of its partitions; writers may name any of them."""

    oid: int
    kind: str
    name: str
    sql: str
    may_trigger: bool


@dataclass(frozen=True)
class SourceTable:
    """A table that can be attached. `sql` is its quoted name with its schema, `estimate` its rows as last counted."""

    oid: int
    name: str
    sql: str
    schema: str
    estimate: int
    columns: tuple[TableColumn, ...]
    parts: tuple[TablePart, ...]

    @property
    def key(self) -> tuple[TableColumn, ...]:
        found = [column for column in self.columns if column.key_position is not None]
        return tuple(sorted(found, key=lambda column: column.key_position or 0))

    def computed_rows(self, rows: str) -> str:
        """`rows`, an item of FROM in a trigger, with the values of virtual generated columns."""
        if not any(column.computed for column in self.columns):
            return rows
        columns = ", ".join(
            f"({column.computed}) AS {column.sql}" if column.computed else column.sql for column in self.columns
        )
        return f"(SELECT {columns} FROM {rows} AS computed)"

    @property
    def is_partitioned(self) -> bool:
        return self.parts[0].kind == "p"


def find(conn: psycopg.Connection[Any], text: str) -> SourceTable:
    """The table of that name. Raises AttachRefused when it does not exist or cannot be attached."""
    try:
        row = conn.execute(_FIND, [text]).fetchone()
    except (psycopg.errors.InvalidName, psycopg.errors.SyntaxError, psycopg.errors.FeatureNotSupported) as error:
        raise AttachRefused(
            _(
                "%(text)r is not a name of a table (%(message_primary)s); write SCHEMA.TABLE.",
                text=text,
                message_primary=error.diag.message_primary,
            )
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        role = conn.execute("SELECT quote_ident(current_user)").fetchone()
        assert role is not None
        raise AttachRefused(
            _(
                "Doorbell's role %(role)s may not use the schema of %(text)r (%(message_primary)s). As its "
                "owner: GRANT USAGE ON SCHEMA %(value)s TO %(role)s;",
                role=role[0],
                text=text,
                message_primary=error.diag.message_primary,
                value=text.partition(".")[0],
            )
        ) from error
    if row is None or row[0] is None:
        raise AttachRefused(_unknown(conn, text))
    return read(conn, row[0])


def read(conn: psycopg.Connection[Any], oid: int) -> SourceTable:
    """The table of that oid. Raises AttachRefused when it is gone or cannot be attached."""
    row = conn.execute(_TABLE, [oid]).fetchone()
    if row is None:
        raise AttachRefused(
            _("The table with the oid %(oid)s was dropped. Detach it with: flask orders detach", oid=oid)
        )
    names = ("oid", "schema", "name", "kind", "estimate", "is_partition", "is_temporary", "hides_rows", "owner",
             "is_beside_orders", "has_children", "is_readable", "sql", "role")  # fmt: skip
    facts = dict(zip(names, row, strict=True))
    with conn.cursor(row_factory=class_row(TableColumn)) as cursor:
        columns = tuple(cursor.execute(_COLUMNS, [oid]).fetchall())
    with conn.cursor(row_factory=class_row(TablePart)) as cursor:
        parts = tuple(cursor.execute(_PARTS, {"oid": oid}).fetchall())
    table = SourceTable(
        oid, f"{facts['schema']}.{facts['name']}", facts["sql"], facts["schema"], facts["estimate"], columns, parts
    )
    attachable.check(conn, table, facts)
    return table


def _unknown(conn: psycopg.Connection[Any], text: str) -> str:
    schema, _, name = text.rpartition(".")
    near = [row[0] for row in conn.execute(_NEAR, {"name": name.strip('"'), "schema": schema.strip('"')})]
    row = conn.execute("SELECT current_database()").fetchone()
    assert row is not None
    hint = f"There are: {', '.join(near)}." if near else "See its tables with \\dt *.* in psql."
    return (
        f"There is no table {text!r} in the database {row[0]!r}. {hint} A table of another database or server "
        "is replicated into "
        "this one first (docs/attach.md)."
    )
