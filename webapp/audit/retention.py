"""Removes old months of the audit log. Each removal is itself an entry, one per tenant."""

from __future__ import annotations

from ..observability import logs
from ..postgres import session

log = logs.get("audit")


def remove_old(database_url: str, keep_months: int) -> int:
    """Remove the months that ended more than `keep_months` months ago; returns the number of entries.

    Raises psycopg.OperationalError.
    """
    with session.connect(database_url, "doorbell audit") as conn:
        row = conn.execute("SELECT audit_log_remove_months(%s)", [keep_months]).fetchone()
    removed = int(row[0]) if row else 0
    if removed:
        log.info("removed old months of the audit log", entries=removed, older_than_months=keep_months)
    return removed
