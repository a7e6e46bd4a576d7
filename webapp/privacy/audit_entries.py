"""Entries of the audit log whose subject names a person or a customer, such as the name of an imported file.

The log is append-only: an entry keeps what was done, by whom and when, and loses its subject. The entries of a user's own
actions are found by ids, in privacy_finish().
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from .jobs import PrivacyTask

_FIND = """
SELECT id, subject, details -> 'person' FROM audit_log
WHERE tenant_id = %(tenant)s AND (subject ~ %(loose)s OR (details -> 'person')::text ~ %(loose)s)
"""


def erase(conn: psycopg.Connection[Any], job: PrivacyTask) -> None:
    """Set the subjects with a name to NULL. The caller has recorded the erasure in the same transaction."""
    names = job.spellings
    if not names.spellings:
        return
    rows = conn.cursor(row_factory=tuple_row).execute(_FIND, {"tenant": job.tenant_id, "loose": names.loose})
    ids = [entry for entry, subject, person in rows if names.found(subject) or names.found(person)]
    if ids:
        conn.execute("SELECT privacy_erase_entries(%s, %s)", [job.id, ids])
