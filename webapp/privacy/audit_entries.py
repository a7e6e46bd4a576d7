"""Entries of the audit log whose subject names a person or a customer, such as the name of an imported file.

The log is append-only: an entry keeps what was done, by whom and when, and loses its subject. The entries of a user's own
actions are found by ids, in audit_log_erase_person().
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from .names import Names

_FIND = """
SELECT id, subject, details -> 'person' FROM audit_log
WHERE tenant_id = %(tenant)s AND (subject ~ %(loose)s OR (details -> 'person')::text ~ %(loose)s)
"""
# The trigger lets personal data become NULL, in a transaction with an entry privacy_erasure.
_ERASE = "UPDATE audit_log SET subject = NULL, details = details - 'person' WHERE id = ANY (%(ids)s)"


def erase(conn: psycopg.Connection[Any], tenant_id: int, names: Names) -> None:
    """Set the subjects with a name to NULL. The caller has recorded the erasure in the same transaction."""
    if not names.spellings:
        return
    rows = conn.cursor(row_factory=tuple_row).execute(_FIND, {"tenant": tenant_id, "loose": names.loose})
    ids = [entry for entry, subject, person in rows if names.found(subject) or names.found(person)]
    if ids:
        conn.execute(_ERASE, {"ids": ids})
