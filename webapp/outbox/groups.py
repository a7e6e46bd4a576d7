"""The unread events for the listener, with the next cursor's snapshot: a row per event, or per group of a long backlog."""

from __future__ import annotations

from typing import Any

from psycopg.rows import dict_row

from ..doorbell.connection import Connection
from . import unread

# A drain of more events than this names no orders, so that a million events need no more memory than a thousand.
MAX_EVENTS_WITH_IDS = 1000
# The timeout of statements that read a long backlog, or every row.
BACKLOG_TIMEOUT_SECONDS = 600.0

# Each query is one statement with one snapshot, so its rows and the next cursor always agree.
_PRESENT = "present AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot, clock_timestamp() AS drained_at)"
# The former owner of a reassigned order has a notification too.
_FORMER_OWNER = "CASE WHEN type = 'reassigned' THEN (old_values ->> 'owner_id')::bigint END AS former_owner_id"
_FRESH = unread.since(f"tenant_id, type, owner_id, {_FORMER_OWNER}, order_id, recorded_at")
_EVENTS = f"""
WITH {_PRESENT}
SELECT present.snapshot::text AS snapshot, present.drained_at, fresh.tenant_id, fresh.type, fresh.owner_id,
       fresh.former_owner_id, fresh.order_id, fresh.recorded_at AS newest, 1 AS events
FROM present LEFT JOIN ({_FRESH} LIMIT {MAX_EVENTS_WITH_IDS + 1}) AS fresh ON true
"""  # noqa: S608 - only our constants
# PostgreSQL groups the rows, so that a million missed events become a few rows here.
_GROUPS = f"""
WITH {_PRESENT},
grouped AS (
    SELECT tenant_id, type, owner_id, former_owner_id, NULL::bigint AS order_id, max(recorded_at) AS newest,
           count(*) AS events
    FROM ({_FRESH}) AS fresh GROUP BY tenant_id, type, owner_id, former_owner_id
)
SELECT present.snapshot::text AS snapshot, present.drained_at, grouped.* FROM present LEFT JOIN grouped ON true
"""  # noqa: S608 - only our constants


def read_groups(conn: Connection, since: str) -> list[dict[str, Any]]:
    """One row per event that the snapshot `since` did not see, or above MAX_EVENTS_WITH_IDS one per group, without orders.

    A row has the `snapshot` and the `drained_at` of the next cursor; `tenant_id`, `type`, `owner_id`, `former_owner_id` and
    `order_id`; the number of its `events`, and when the `newest` was recorded. Without events it is one row whose tenant is
    None.
    """
    events = _all(conn, _EVENTS, since)
    if len(events) <= MAX_EVENTS_WITH_IDS:
        return events
    with conn.with_timeout(BACKLOG_TIMEOUT_SECONDS):
        return _all(conn, _GROUPS, since)


def _all(conn: Connection, statement: str, since: str) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as rows:
        return rows.execute(statement, {"since": since}).fetchall()
