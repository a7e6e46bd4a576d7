"""The sessions that hold Doorbell's advisory locks, so that a log line or the doctor can name them.

Any role that may connect to a database can take any advisory lock in it. `REVOKE CONNECT ON DATABASE … FROM PUBLIC`
keeps other roles out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row
from structlog.stdlib import BoundLogger

from ..observability.incidents import Incident

# A writer shares the quiet lock for an instant. Only a session found in two checks this far apart counts as a holder.
CHECK_SECONDS = 2.0

# pg_stat_activity shows the role and application of every session, but hardly anything else of another role's.
_HOLDERS = """
SELECT l.pid, coalesce(a.usename::text, 'unknown') AS role, coalesce(a.application_name, '') AS application,
       a.usename IS NOT NULL AND tenancy_other_program(a.usename::text) IS NULL AS is_ours, l.granted
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.pid IS NOT NULL
    AND (l.classid::bigint << 32) + l.objid::bigint = %s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY l.granted DESC, l.pid
"""


@dataclass(frozen=True)
class Holder:
    """A session that holds a lock, or waits for it. `is_ours`: it has the same role as our connection."""

    pid: int
    role: str
    application: str
    is_ours: bool
    granted: bool

    @property
    def end(self) -> str:
        """The statement that ends the session; allowed for its role, pg_signal_backend's members and superusers."""
        return f"SELECT pg_terminate_backend({self.pid});"

    @property
    def keys(self) -> dict[str, Any]:
        """The keys of a log line."""
        return {"role": self.role, "session": self.pid, "application": self.application, "end": self.end}

    def __str__(self) -> str:
        return f"role {self.role!r}, session {self.pid}, application {self.application!r}"


def holders(conn: psycopg.Connection[Any], lock: int) -> list[Holder]:
    """The sessions that hold the lock, followed by those that wait for it."""
    with conn.cursor(row_factory=class_row(Holder)) as cursor:
        return cursor.execute(_HOLDERS, [lock]).fetchall()


class LockWatch:
    """Logs which session has kept a lock from us for CHECK_SECONDS or longer: at once, then once per minute."""

    def __init__(self, lock: int, incident: Incident) -> None:
        self._lock, self._incident = lock, incident
        self._next_check: float | None = None
        self._seen: set[int] = set()

    def not_acquired(self, conn: psycopg.Connection[Any], log: BoundLogger) -> None:
        """Call after each failed try to take the lock."""
        now = time.monotonic()
        if self._next_check is None:
            self._next_check = now + CHECK_SECONDS
        if now < self._next_check:
            return
        self._next_check = now + CHECK_SECONDS
        found = [holder for holder in holders(conn, self._lock) if holder.granted]
        lasting = [holder for holder in found if holder.pid in self._seen]
        self._seen = {holder.pid for holder in found}
        if lasting:
            self._incident.fault(log, "lock", **lasting[0].keys)

    def acquired(self, log: BoundLogger) -> None:
        self._next_check, self._seen = None, set()
        self._incident.over(log)
