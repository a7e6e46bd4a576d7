"""Deletes after 30 days: receipts, finished deliveries with their attempts, finished replays."""

from __future__ import annotations

from ..postgres import session

KEEP_DAYS = 30

# The table, the column of its time, and what else is asked of a row.
_OLD = (
    ("relay_receipts", "acknowledged_at", ""),
    ("webhook_deliveries", "done_at", "AND state IN ('delivered', 'skipped')"),
    ("webhook_attempts", "at", ""),
    ("relay_replays", "finished_at", ""),
)


def delete_old(database_url: str) -> int:
    """Delete what is older. Returns the number of rows. Dead letters and the audit log stay."""
    with session.connect(database_url, "doorbell relay", autocommit=True) as conn:
        return sum(
            conn.execute(
                f"DELETE FROM {table} WHERE {column} < now() - make_interval(days => %s) {more}",  # noqa: S608 - _OLD
                [KEEP_DAYS],
            ).rowcount
            for table, column, more in _OLD
        )
