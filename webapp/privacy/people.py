"""The erasure of a user: sign-ins end at once, the person's rows go, the row of the user stays without a name."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from .catalog import KEPT_OF_USER

BATCH_ROWS = 1_000
# In place of the text of the person's comments.
ERASED_TEXT = "Erased"
# The domain .invalid exists for addresses that have no receiver (RFC 2606).
_BLANK = """
UPDATE users
SET name = %(pseudonym)s, email = %(email)s, password_hash = NULL, language = NULL, theme = NULL,
    disabled_at = coalesce(disabled_at, now()), sessions_from = clock_timestamp()
WHERE tenant_id = %(tenant)s AND id = %(user)s
"""
# Tables whose rows go with their user, and the column with the user's id.
_BELONGING = """
SELECT c.relname::text, a.attname::text
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (own, other)
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.own
JOIN pg_attribute u ON u.attrelid = k.confrelid AND u.attnum = pair.other AND u.attname = 'id'
WHERE k.contype = 'f' AND k.confdeltype = 'c' AND k.confrelid = 'users'::regclass AND c.relkind = 'r'
ORDER BY 1
"""
_DELETE = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
    SELECT t.ctid FROM {table} t WHERE t.tenant_id = %(tenant)s AND t.{column} = %(user)s LIMIT %(most)s))
"""
_COMMENTS = """
UPDATE order_comments SET written = %(text)s WHERE id IN (
    SELECT id FROM order_comments WHERE tenant_id = %(tenant)s AND user_id = %(user)s AND written <> %(text)s LIMIT %(most)s)
"""


def blank(conn: psycopg.Connection[Any], tenant_id: int, user_id: int, pseudonym: str) -> None:
    """Disable the user, end all sessions, and replace name and e-mail."""
    email = f"{pseudonym.rpartition(' ')[2].lower()}@erased.invalid"
    conn.execute(_BLANK, {"tenant": tenant_id, "user": user_id, "pseudonym": pseudonym, "email": email})


def belonging(conn: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """The tables whose rows are deleted with their user, and the column with the user's id."""
    rows = conn.cursor(row_factory=tuple_row).execute(_BELONGING).fetchall()
    return [(table, column) for table, column in rows if table not in KEPT_OF_USER]


def erase_page(conn: psycopg.Connection[Any], tenant_id: int, user_id: int) -> dict[str, int]:
    """Erase up to BATCH_ROWS rows per table. Returns the numbers by table; empty when nothing is left."""
    values = {"tenant": tenant_id, "user": user_id, "most": BATCH_ROWS, "text": ERASED_TEXT}
    counts = {"order_comments": conn.execute(_COMMENTS, values).rowcount}
    for table, column in belonging(conn):
        statement = sql.SQL(_DELETE).format(table=sql.Identifier(table), column=sql.Identifier(column))
        counts[table] = counts.get(table, 0) + conn.execute(statement, values).rowcount
    return {table: count for table, count in counts.items() if count}


def is_left(conn: psycopg.Connection[Any], tenant_id: int, user_id: int) -> bool:
    """Whether rows of the user are left that `erase_page` would erase."""
    values = {"tenant": tenant_id, "user": user_id, "text": ERASED_TEXT}
    found = "SELECT EXISTS (SELECT FROM {table} t WHERE t.tenant_id = %(tenant)s AND t.{column} = %(user)s {more})"
    places = [(table, column, sql.SQL("")) for table, column in belonging(conn)]
    places.append(("order_comments", "user_id", sql.SQL("AND t.written <> %(text)s")))
    for table, column, more in places:
        statement = sql.SQL(found).format(table=sql.Identifier(table), column=sql.Identifier(column), more=more)
        row = conn.cursor(row_factory=tuple_row).execute(statement, values).fetchone()
        if row and row[0]:
            return True
    return False
