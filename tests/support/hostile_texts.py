"""Hostile texts in every text column that accepts them."""

from __future__ import annotations

import psycopg
from psycopg import sql

# A formula, the end of an attribute, markup, and a template. Short, because some columns take 60 characters.
HOSTILE = "=1+1'\"><img src=x onerror=hostile()>{{ 7*7 }}"
# Columns with Doorbell's own words, which no person writes.
_OWN = {
    "status",
    "state",
    "kind",
    "kinds",
    "type",
    "currency",
    "locale",
    "timezone",
    "language",
    "role",
    "theme",
    "period",
}
_COLUMNS = """
    SELECT table_name, column_name
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type IN ('text', 'character varying')
    ORDER BY table_name, column_name
"""


def poison(conn: psycopg.Connection) -> set[str]:
    """Write HOSTILE into each text column whose checks accept it, behind what makes it unique. Returns `table.column`."""
    written = set()
    for table, column in conn.execute(_COLUMNS).fetchall():
        if column in _OWN or table == "alembic_version":
            continue
        for value in (sql.SQL("{hostile} || {column}"), sql.SQL("{hostile}")):
            text = value.format(hostile=sql.Literal(HOSTILE), column=sql.Identifier(column))
            statement = sql.SQL("UPDATE {} SET {} = {} WHERE {} IS NOT NULL")
            names = (sql.Identifier(table), sql.Identifier(column), text, sql.Identifier(column))
            try:
                if conn.execute(statement.format(*names)).rowcount:
                    written.add(f"{table}.{column}")
                break
            except psycopg.Error:
                continue  # a check, a key or a trigger refuses the text
    return written
