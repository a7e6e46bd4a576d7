"""A transaction that has everything of an attachment but its triggers, and is rolled back.

So the mapping is tried as it will run: by the same functions, with the rights of their role, on rows of the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors, sql

from . import chunk, function_sql, install, role
from .errors import AttachRefused
from .fields import FIELDS, FLAG, NUMBER, TEXT, TIME
from .mapped_sql import AttachTarget
from .mapping import RowMapping
from .status_words import folded_sql

# Of each end of the table, by primary key.
SAMPLED_ROWS = 5000
_MAX_WORDS = 100
_KINDS = {"S": TEXT, "E": TEXT, "N": NUMBER, "D": TIME, "B": FLAG, "X": TEXT}
_CATEGORY = "SELECT typcategory::text, format_type(oid, NULL) FROM pg_type WHERE oid = %s"


@contextmanager
def opened(conn: psycopg.Connection[Any], target: AttachTarget) -> Iterator[None]:
    """The role, and a sample of the rows in the chunk's table, until the block ends. Raises AttachRefused."""
    with conn.transaction(force_rollback=True):
        role.ensure(conn, target)
        chunk.create(conn, target)
        key = [f"t.{column.sql}" for column in target.table.key]
        newest = ", ".join(f"{column} DESC" for column in key)
        chunk.load(conn, target, f"ORDER BY {newest} LIMIT {SAMPLED_ROWS}")
        yield


def kinds(conn: psycopg.Connection[Any], target: AttachTarget, mapping: RowMapping) -> dict[str, str]:
    """The kind of value that each expression gives, as PostgreSQL plans it. Raises AttachRefused for one that is not valid."""
    found = {}
    for name, expression in mapping.expressions.items():
        category, type_name = _category(conn, target, name, expression)
        kind = _KINDS.get(category, "")
        if kind not in FIELDS[name].kinds or type_name in ("time without time zone", "time with time zone"):
            raise AttachRefused(
                f"--map {name}={expression}: it gives {type_name}; {name} takes "
                f"{', '.join(FIELDS[name].kinds)}. Convert it, for "
                f"example with ({expression})::{_EXAMPLES[FIELDS[name].kinds[0]]}."
            )
        found[name] = kind
    return found


_EXAMPLES = {TEXT: "text", NUMBER: "numeric", TIME: "timestamptz", FLAG: "boolean"}


def words(conn: psycopg.Connection[Any], target: AttachTarget, mapping: RowMapping) -> list[tuple[str, str]]:
    """The distinct values of the status in the sample, the most frequent first, as they are and folded. [] without a status."""
    if "status" not in mapping:
        return []
    statement = f"""
        SELECT coalesce(x.word, ''), {folded_sql("x.word")}
        FROM (SELECT ({mapping.expressions["status"]}\n)::text AS word FROM {function_sql.CHUNK} AS t OFFSET 0) AS x
        GROUP BY x.word ORDER BY count(*) DESC, 1 LIMIT {_MAX_WORDS}"""
    with _as_role(conn, target):
        return conn.execute(statement.encode()).fetchall()


def create_functions(conn: psycopg.Connection[Any], target: AttachTarget) -> None:
    """Raises AttachRefused when the expressions do not fit together."""
    install.create_functions(conn, target)


def _category(conn: psycopg.Connection[Any], target: AttachTarget, name: str, expression: str) -> tuple[str, str]:
    statement = f"SELECT (\n{expression}\n) FROM {function_sql.CHUNK} AS t LIMIT 0"
    try:
        with _as_role(conn, target):
            # Prepared, so that it is one statement: the protocol allows no second one.
            cursor = conn.execute(statement.encode(), prepare=True)
    except errors.InsufficientPrivilege as error:
        raise AttachRefused(
            f"--map {name}={expression}: {error.diag.message_primary}. Expressions run with the rights of "
            f"{role.ROLE}. Grant it what "
            f"they read, for example: GRANT USAGE ON SCHEMA … TO {role.ROLE}; GRANT SELECT ON … TO {role.ROLE};"
        ) from error
    except psycopg.Error as error:
        columns = ", ".join(column.sql for column in target.table.columns)
        raise AttachRefused(
            f"--map {name}={expression} is not a valid expression ({error.diag.message_primary}). The table "
            f"has: {columns}. Functions "
            "of other schemas are named with their schema."
        ) from error
    assert cursor.description is not None
    if len(cursor.description) != 1:
        raise AttachRefused(f"--map {name}={expression} gives {len(cursor.description)} values; give one expression.")
    row = conn.execute(_CATEGORY, [cursor.description[0].type_code]).fetchone()
    assert row is not None
    return row[0], row[1]


@contextmanager
def _as_role(conn: psycopg.Connection[Any], target: AttachTarget) -> Iterator[None]:
    """A savepoint with the rights and the search_path of the functions."""
    with conn.transaction():
        path = sql.SQL("SET LOCAL search_path = pg_catalog, {}, pg_temp").format(sql.Identifier(target.schema))
        conn.execute(path)
        conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role.ROLE)))
        try:
            yield
        finally:
            if conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
                conn.execute("RESET ROLE")
                conn.execute("RESET search_path")
