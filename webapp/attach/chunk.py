"""The temporary table through which rows reach the functions of an attachment, which may not read the company's table."""

from __future__ import annotations

from typing import Any

import psycopg

from . import function_sql
from .mapped_sql import AttachTarget
from .role import ROLE


def create(conn: psycopg.Connection[Any], target: AttachTarget) -> None:
    """An empty table with the columns of the company's, as they are now. Its rows end with the transaction."""
    conn.execute("SET client_min_messages = warning")
    conn.execute(f"DROP TABLE IF EXISTS {function_sql.CHUNK}")
    conn.execute(f"CREATE TEMP TABLE attach_rows (LIKE {target.table.sql}) ON COMMIT DELETE ROWS".encode())
    conn.execute(f"GRANT SELECT ON {function_sql.CHUNK} TO {ROLE}".encode())


def load(conn: psycopg.Connection[Any], target: AttachTarget, rest: str, values: dict[str, Any] | None = None) -> int:
    """Insert the rows of `SELECT * FROM table t` with `rest`. Returns their number."""
    columns = ", ".join(column.sql for column in target.table.columns)
    selected = ", ".join(f"t.{column.sql}" for column in target.table.columns)
    statement = f"INSERT INTO {function_sql.CHUNK} ({columns}) SELECT {selected} FROM {target.table.sql} AS t {rest}"
    return conn.execute(statement.encode(), values or None).rowcount
