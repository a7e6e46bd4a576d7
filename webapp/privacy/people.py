"""The erasure of a user: sign-ins end at once, the person's rows go, the row of the user stays without a name."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
from psycopg.rows import tuple_row

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
_ERASE = "SELECT of_table, erased FROM privacy_erase_user_rows(%s, %s, %s)"


def blank(conn: psycopg.Connection[Any], tenant_id: int, user_id: int, pseudonym: str) -> None:
    """Disable the user, end all sessions, and replace name and e-mail."""
    email = f"{pseudonym.rpartition(' ')[2].lower()}@erased.invalid"
    conn.execute(_BLANK, {"tenant": tenant_id, "user": user_id, "pseudonym": pseudonym, "email": email})


def erase_page(conn: psycopg.Connection[Any], job_id: int, most: int = BATCH_ROWS) -> dict[str, int]:
    """Erase up to `most` rows per table of the job's user. Returns the numbers by table; empty when nothing is left."""
    counts: Counter[str] = Counter()
    for table, rows in conn.cursor(row_factory=tuple_row).execute(_ERASE, [job_id, most, ERASED_TEXT]):
        counts[table] += rows
    return dict(counts)


def is_left(conn: psycopg.Connection[Any], job_id: int) -> bool:
    """Whether rows of the user are left that `erase_page` would erase."""
    return bool(erase_page(conn, job_id, 0))
