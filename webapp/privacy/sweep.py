"""Names in any text of any table of a tenant: found, and replaced page by page.

A page is a range of blocks, so its size is bounded and no index is needed. A row that moves to an earlier block meanwhile is
found by the next round, and at the end by `remaining`, which reads each table in one statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from .jobs import PrivacyTask
from .names import Names, fold
from .tables import Column, Table

# 1 MB of a table per transaction.
PAGE_BLOCKS = 128
_PAGE = """
SELECT t.tableoid::bigint AS "*table", t.ctid::text AS "*row", t.xmin::text AS "*version", {columns} FROM {table} t
WHERE t.ctid >= {first}::tid AND t.ctid < {end}::tid AND {of_tenant} AND ({matches})
"""
_ALL = "SELECT {columns} FROM {table} t WHERE {of_tenant} AND ({matches})"
# A row that another transaction has changed since is not written; `remaining` finds it.
_REPLACE = "SELECT privacy_replace(%s, %s::oid::regclass, %s::tid, %s::xid, %s)"


def replace_page(conn: psycopg.Connection[Any], table: Table, job: PrivacyTask, first: int) -> int:
    """Replace the names in PAGE_BLOCKS blocks from `first` on. Returns the number of changed rows."""
    names = job.spellings
    columns = table.searched(is_user=names.is_user)
    if not columns or not names.spellings:
        return 0
    statement = sql.SQL(_PAGE).format(
        first=sql.Literal(f"({first},0)"), end=sql.Literal(f"({first + PAGE_BLOCKS},0)"), **_parts(table, columns)
    )
    values = {"tenant": job.tenant_id, "loose": names.loose}
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement, values).fetchall()
    return sum(_replace_row(conn, job, columns, row) for row in rows)


def remaining(conn: psycopg.Connection[Any], tables: Iterable[Table], tenant_id: int, names: Names) -> Iterator[str]:
    """The columns, as table.column, in which a name still stands in this transaction's snapshot."""
    for table in tables:
        columns = table.searched(is_user=names.is_user)
        if not columns or not names.spellings:
            continue
        statement = sql.SQL(_ALL).format(**_parts(table, columns))
        with conn.cursor(name="privacy_check", row_factory=dict_row) as cursor:
            cursor.execute(statement, {"tenant": tenant_id, "loose": names.loose})
            for row in cursor:
                yield from (f"{table.root}.{name}" for name in changes(columns, row, names))


def matches(columns: Iterable[Column]) -> sql.Composable:
    """A condition that at least each row with a name meets. Documents in bytes are all read, and compared by Python."""
    parts = [
        sql.SQL("t.{} IS NOT NULL" if column.type == "bytea" else "t.{}::text ~ %(loose)s").format(column.identifier)
        for column in columns
    ]
    return sql.SQL(" OR ").join(parts)


def changes(columns: Iterable[Column], row: dict[str, Any], names: Names) -> dict[str, Any]:
    """The values of a row without the names, where they differ."""
    found = {}
    for column in columns:
        value = row[column.name]
        clean = cleaned(column, value, names)
        if clean != value:
            found[column.name] = clean
    return found


def cleaned(column: Column, value: Any, names: Names) -> Any:
    if value is None:
        return None
    if column.name == "customer":
        # Another customer's name may contain this one.
        return names.pseudonym if fold(value) in names.folds else value
    if isinstance(value, bytes | memoryview):
        return names.replaced_bytes(bytes(value))
    return names.replaced(value)


def _parts(table: Table, columns: tuple[Column, ...]) -> dict[str, sql.Composable]:
    selected = sql.SQL(", ").join(sql.SQL("t.{}").format(column.identifier) for column in columns)
    return {"table": table.identifier, "columns": selected, "of_tenant": table.of_tenant, "matches": matches(columns)}


def _replace_row(
    conn: psycopg.Connection[Any], job: PrivacyTask, columns: tuple[Column, ...], row: dict[str, Any]
) -> bool:
    names = job.spellings
    new = changes(columns, row, names)
    if not new:
        return False
    try:
        with conn.transaction():
            return _write(conn, job, row, new)
    except (errors.CheckViolation, errors.StringDataRightTruncation):
        # Too long with the pseudonym in place of the name.
        short = {name: names.pseudonym if isinstance(value, str) else value for name, value in new.items()}
        return _write(conn, job, row, short)
    except errors.UniqueViolation:
        numbered = f"{names.pseudonym} {row['*row']}"
        return _write(conn, job, row, {name: numbered if isinstance(v, str) else v for name, v in new.items()})


def _write(conn: psycopg.Connection[Any], job: PrivacyTask, row: dict[str, Any], new: dict[str, Any]) -> bool:
    clean = {name: f"\\x{value.hex()}" if isinstance(value, bytes) else value for name, value in new.items()}
    place = [row["*table"], row["*row"], row["*version"]]
    found = conn.execute(_REPLACE, [job.id, *place, Jsonb(clean)]).fetchone()
    return bool(found and found[0])
