"""Writes each committed entry to the log as one line with the event "audit", and counts it.

A cursor in the database has the snapshot of the last run, so a line is written after the commit only, and also for entries of a
process that was killed. A run that is killed before it commits is repeated, so a line may come twice: its `id` is the entry's.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from ..observability import logs
from ..observability.metrics import audit as metrics
from ..postgres import session
from .kinds import Kind

log = logs.get("audit")

# Of two workers one reads. A cursor ahead of the present is of another cluster; it begins again.
_LOCK = """
SELECT snapshot, pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS is_foreign
FROM audit_log_cursor FOR UPDATE SKIP LOCKED
"""
# One statement has one snapshot: the rows are exactly those that the new cursor sees and the old one did not.
_READ = """
WITH present AS (
    UPDATE audit_log_cursor SET snapshot = pg_current_snapshot() RETURNING snapshot
)
SELECT a.id, a.at, a.tenant_id, a.kind, a.origin, a.actor_id, a.actor_name, a.subject_id, a.subject, a.address, a.session,
       a.browser, a.details
FROM audit_log a WHERE a.xid >= pg_snapshot_xmin(%(before)s::pg_snapshot) AND a.xid < pg_snapshot_xmax(pg_current_snapshot())
    AND NOT pg_visible_in_snapshot(a.xid, %(before)s::pg_snapshot)
ORDER BY a.id
"""


def follow(database_url: str) -> int:
    """Log what was committed since the last run. Returns the number of entries. Raises psycopg.OperationalError."""
    with session.connect(database_url, "doorbell audit") as conn:
        cursor = conn.cursor(row_factory=dict_row)
        found = cursor.execute(_LOCK).fetchone()
        if found is None:
            return 0
        if found["is_foreign"]:
            log.warning("the audit log's cursor is of another cluster; its lines begin again from now")
            cursor.execute("UPDATE audit_log_cursor SET snapshot = pg_current_snapshot()")
            return 0
        rows = cursor.execute(_READ, {"before": found["snapshot"]}).fetchall()
        for row in rows:
            log.info("audit", **line(row))
    for row in rows:
        metrics.ENTRIES.labels(row["kind"] if row["kind"] in set(Kind) else "other").inc()
    return len(rows)


def line(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of a line. Users are named by their ids, because logs are kept where no erasure reaches."""
    at: datetime = row["at"]
    details = {name: value for name, value in row["details"].items() if name != "person"}
    names_user = row["subject_id"] is not None or row["kind"].startswith("sign_in")
    return {
        "id": row["id"],
        "done_at": at.isoformat(),
        "tenant": row["tenant_id"],
        "kind": row["kind"],
        "origin": row["origin"],
        "actor": row["actor_id"],
        "program": row["actor_name"] if row["actor_id"] is None and row["origin"] != "browser" else None,
        "user": row["subject_id"],
        "subject": None if names_user else row["subject"],
        "client": row["address"],
        "session": row["session"],
        "browser": row["browser"],
        "details": json.dumps(details, ensure_ascii=False) if details else None,
    }
