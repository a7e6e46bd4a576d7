"""Deletes uploads that have not changed for KEEP_DAYS, and those that never arrived completely."""

from __future__ import annotations

from ..postgres import session
from .upload import ACTIVE

KEEP_DAYS = 14
# An upload in progress writes its chunks all the time.
INCOMPLETE_HOURS = 24

_DELETE = f"""
DELETE FROM uploads
WHERE state NOT IN {ACTIVE} AND changed_at < now() - make_interval(days => {KEEP_DAYS})
   OR state = 'uploading' AND created_at < now() - make_interval(hours => {INCOMPLETE_HOURS})
"""  # noqa: S608 - constants


def delete_old(database_url: str) -> int:
    """Returns the number of deleted uploads. Raises psycopg.Error."""
    with session.connect(database_url, "doorbell import", autocommit=True) as conn:
        return conn.execute(_DELETE.encode()).rowcount
