"""Deletes uploads that have not changed for IMPORT_KEEP_DAYS, and those that never arrived completely."""

from __future__ import annotations

from ..postgres import session
from .upload import ACTIVE

# An upload in progress writes its chunks all the time.
INCOMPLETE_HOURS = 24

_DELETE = f"""
DELETE FROM uploads
WHERE state NOT IN {ACTIVE} AND changed_at < now() - make_interval(days => %(days)s)
   OR state = 'uploading' AND created_at < now() - make_interval(hours => {INCOMPLETE_HOURS})
"""  # noqa: S608 - constants


def delete_old(database_url: str, keep_days: int) -> int:
    """Returns the number of deleted uploads; their orders stay. Raises psycopg.Error."""
    with session.connect(database_url, "doorbell import", autocommit=True) as conn:
        return conn.execute(_DELETE.encode(), {"days": keep_days}).rowcount
