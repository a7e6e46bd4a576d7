"""The table as PostgreSQL's catalog describes it, and whether it can be attached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from ..db import db
from .errors import AttachRefused
from .fields import FLAG, NUMBER, TEXT, TIME

# Kinds of values by pg_type.typcategory. Others, such as arrays and JSON, map to no field as they are.
_KINDS = {"S": TEXT, "E": TEXT, "N": NUMBER, "D": TIME, "B": FLAG}
_OTHER_THAN_TABLES = {
    "v": ("a view", "Attach the table that the view reads, and map its columns by expressions."),
    "m": ("a materialized view", "Attach the table that it reads."),
    "f": (
        "a foreign table",
        "Its server fires no triggers here. Replicate it into this database by logical replication, and attach the copy with "
        "--replica.",
    ),
    "S": ("a sequence", "Give the name of a table."),
    "i": ("an index", "Give the name of a table."),
    "I": ("an index", "Give the name of a table."),
    "c": ("a type", "Give the name of a table."),
}
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
            f"{text!r} is not a name of a table ({error.diag.message_primary}); write SCHEMA.TABLE."
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        role = conn.execute("SELECT quote_ident(current_user)").fetchone()
        assert role is not None
        raise AttachRefused(
            f"Doorbell's role {role[0]} may not use the schema of {text!r} ({error.diag.message_primary}). As its owner: "
            f"GRANT USAGE ON SCHEMA {text.partition('.')[0]} TO {role[0]};"
        ) from error
    if row is None or row[0] is None:
        raise AttachRefused(_unknown(conn, text))
    return read(conn, row[0])


def read(conn: psycopg.Connection[Any], oid: int) -> SourceTable:
    """The table of that oid. Raises AttachRefused when it is gone or cannot be attached."""
    row = conn.execute(_TABLE, [oid]).fetchone()
    if row is None:
        raise AttachRefused(f"The table with the oid {oid} was dropped. Detach it with: flask orders detach")
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
    _check(conn, table, facts)
    return table


def own_tables() -> set[str]:
    """The names of Doorbell's own tables, without the partitions of order_events."""
    return {*db.metadata.tables, "alembic_version"}


def _check(conn: psycopg.Connection[Any], table: SourceTable, facts: dict[str, Any]) -> None:
    name, kind = table.name, facts["kind"]
    if kind in _OTHER_THAN_TABLES:
        what, advice = _OTHER_THAN_TABLES[kind]
        raise AttachRefused(f"{name} is {what}; only a table can be attached. {advice}")
    if facts["is_beside_orders"] and (facts["name"] in own_tables() or facts["name"].startswith("order_events")):
        raise AttachRefused(
            f"{name} is Doorbell's own table, and its triggers would call each other without end. Give the table of your shop."
        )
    if facts["schema"] in ("pg_catalog", "information_schema") or facts["is_temporary"]:
        raise AttachRefused(
            f"{name} is a {'temporary' if facts['is_temporary'] else 'system'} table. Give a table of your own."
        )
    if facts["is_partition"]:
        row = conn.execute(
            "SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = %s", [table.oid]
        ).fetchone()
        raise AttachRefused(
            f"{name} is a partition of {row[0] if row else 'a table'}; attach that table, with all its partitions."
        )
    if facts["has_children"]:
        raise AttachRefused(
            f"{name} has child tables by INHERITS, whose rows have no common primary key. Attach each of them."
        )
    if not table.key:
        columns = ", ".join(column.name for column in table.columns[:4]) or "none"
        raise AttachRefused(
            f"{name} has no primary key, which identifies the order of a row; its columns: {columns}. Add one: "
            f"ALTER TABLE {table.sql} ADD PRIMARY KEY (…);"
        )
    _check_rights(table, facts)


def _check_rights(table: SourceTable, facts: dict[str, Any]) -> None:
    foreign = [part.name for part in table.parts if part.kind == "f"]
    if foreign:
        raise AttachRefused(
            f"The partition {foreign[0]} of {table.name} is a foreign table, which fires no triggers here. "
            "Detach that partition."
        )
    role = facts["role"]
    lacking = [part.sql for part in table.parts if not part.may_trigger]
    if not facts["is_readable"] or lacking:
        tables = ", ".join(dict.fromkeys([*([] if facts["is_readable"] else [table.sql]), *lacking[:5]]))
        raise AttachRefused(
            f"Doorbell's role {role} may not read {table.name}, lock its rows and create triggers on it. As {facts['owner']}: "
            f'GRANT SELECT, UPDATE, TRIGGER ON {tables} TO "{role}"; (PostgreSQL asks for UPDATE to lock rows; Doorbell '
            "changes none.)"
        )
    if facts["hides_rows"]:
        raise AttachRefused(
            f"{table.name} has row security, which hides rows from Doorbell's role {role}; it would delete their orders. "
            f'Exempt it: ALTER ROLE "{role}" BYPASSRLS;'
        )


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
