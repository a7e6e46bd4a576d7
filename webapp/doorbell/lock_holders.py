"""Which sessions hold Doorbell's advisory locks. Any role that may connect to a database can take any advisory lock in it,
so the remedy is to name the holder; `REVOKE CONNECT ON DATABASE … FROM PUBLIC` keeps strangers out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row
from structlog.stdlib import BoundLogger

from ..observability.incidents import Incident

LOOK_SECONDS = 2.0  # a writer shares the quiet lock for an instant: a holder is one that is seen in two looks

# Role and application are visible for the sessions of all roles; most other columns of pg_stat_activity are not.
_HOLDERS = """
SELECT l.pid, coalesce(a.usename::text, 'unknown') AS role, coalesce(a.application_name, '') AS application,
       coalesce(a.usename = current_user, false) AS is_ours, l.granted
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.pid IS NOT NULL
    AND (l.classid::bigint << 32) + l.objid::bigint = %s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY l.granted DESC, l.pid
"""


@dataclass(frozen=True)
class Holder:
    """A session that holds a lock, or waits for it. `is_ours`: it is of the role that asks."""

    pid: int
    role: str
    application: str
    is_ours: bool
    granted: bool

    @property
    def end(self) -> str:
        """The statement that ends it, for the same role, a member of pg_signal_backend or a superuser."""
        return f"SELECT pg_terminate_backend({self.pid});"

    @property
    def keys(self) -> dict[str, Any]:
        """For a line in the log."""
        return {"role": self.role, "session": self.pid, "application": self.application, "end": self.end}

    def __str__(self) -> str:
        return f"role {self.role!r}, session {self.pid}, application {self.application!r}"


def holders(conn: psycopg.Connection[Any], lock: int) -> list[Holder]:
    """All sessions that hold the lock, and then those that wait for it."""
    with conn.cursor(row_factory=class_row(Holder)) as cursor:
        return cursor.execute(_HOLDERS, [lock]).fetchall()


class LockWatch:
    """Names the session that keeps a lock from us, once it has for LOOK_SECONDS: one line, then one a minute."""

    def __init__(self, lock: int, incident: Incident) -> None:
        self._lock, self._incident = lock, incident
        self._next_look: float | None = None
        self._seen: set[int] = set()

    def missed(self, conn: psycopg.Connection[Any], log: BoundLogger) -> None:
        """Call it after each try in vain."""
        now = time.monotonic()
        if self._next_look is None:
            self._next_look = now + LOOK_SECONDS
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        found = [holder for holder in holders(conn, self._lock) if holder.granted]
        lasting = [holder for holder in found if holder.pid in self._seen]
        self._seen = {holder.pid for holder in found}
        if lasting:
            self._incident.fault(log, "lock", **lasting[0].keys)

    def got(self, log: BoundLogger) -> None:
        self._next_look, self._seen = None, set()
        self._incident.over(log)
