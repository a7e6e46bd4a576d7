"""Standing by: detects a leader that has failed but still holds the leader's lock, and evicts it.

A leader that is killed or loses its host also loses the lock, with its session. A leader that is frozen, or has a stalled
connection, keeps the lock and does nothing, so its heartbeat in Redis is missing. A standby that detects this ends the
leader's session in PostgreSQL. If that leader wakes up, its next statement fails and it stands by.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
import redis

from ..doorbell import lock_holders, locks
from ..doorbell.connection import Session
from ..observability import logs
from ..observability.incidents import Incident
from . import heartbeat

# A standby tries to get the lock this often. It does not wait in pg_advisory_lock: the snapshot of a waiting statement keeps
# vacuum from cleaning the whole database, for as long as the standby stands by.
TRY_SECONDS = 0.2
CHECK_SECONDS = 1.0
# A working leader sends PostgreSQL a statement every 4 s (self_ring.EVERY_SECONDS) or more often.
WORKING_SECONDS = 6.0
# The heartbeat must be missing for this long while Redis answers, because a Redis that has just restarted has none either.
SUSPECT_SECONDS = 3.0

log = logs.get("listener")

_LEADER = """
SELECT a.pid, a.backend_start::text FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_IS_WORKING = """
SELECT state_change > clock_timestamp() - %s * interval '1 second'
FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s
"""
# The start of another role's session is not visible without pg_read_all_stats.
_EVICT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start::text IS NOT DISTINCT FROM %s
"""


class FailureDetector:
    """Finds a leader that holds the lock and sends no heartbeat. Used by a standby and by Celery's catch-up.

    The suspicion is about one session, so the next leader starts without it. When the heartbeat is missing although the
    session works (another program may delete it from Redis), the detector logs that, and the leader stays.
    """

    def __init__(self, client: redis.Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis, self._clock = client, clock
        self._suspect: Session | None = None
        self._since = 0.0
        self._checked_at = -CHECK_SECONDS
        self._deleted = Incident(
            "the leader's heartbeat", "its session works, so it stays the leader", state="missing", again="there again"
        )
        self._held = Incident(
            "the leader's lock",
            "no listener can lead, and this one may not end that session: end it, and let no other role connect",
            state="held by another session",
            again="free",
        )

    def suspect(self, conn: psycopg.Connection[Any]) -> Session | None:
        """The leader's session once its heartbeat was missing for SUSPECT_SECONDS. Checks once per CHECK_SECONDS at most."""
        now = self._clock()
        if now - self._checked_at >= CHECK_SECONDS:
            self._checked_at = now
            leader = leader_session(conn) if self._is_heartbeat_missing() else None
            if leader != self._suspect:
                self._suspect, self._since = leader, self._clock()
        if self._suspect is None or self._clock() - self._since < SUSPECT_SECONDS:
            return None
        if is_working(conn, self._suspect):
            error = "check whether another program deletes doorbell:leader"
            self._deleted.fault(log, "heartbeat", error, session=self._suspect.pid)
            self._since = self._clock()
            return None
        return self._suspect

    def could_not_evict(self, conn: psycopg.Connection[Any]) -> None:
        """Log which session holds the lock, if one still does."""
        found = [session for session in lock_holders.holders(conn, locks.LEADER_LOCK) if session.granted]
        if found:
            self._held.fault(log, "lock", **found[0].keys)

    def acquired_lead(self) -> None:
        """Call once the lock is ours."""
        self._held.over(log)

    def _is_heartbeat_missing(self) -> bool:
        try:
            return heartbeat.is_missing(self._redis)
        # Unknown counts as present: without Redis the leader is no worse than this process would be.
        except redis.RedisError:
            return False


def leader_session(conn: psycopg.Connection[Any]) -> Session | None:
    """The session that holds the leader's lock."""
    row = conn.execute(_LEADER, [locks.LEADER_LOCK]).fetchone()
    return Session(row[0], row[1]) if row else None


def is_working(conn: psycopg.Connection[Any], session: Session) -> bool:
    """Whether the session began or ended a statement in the last WORKING_SECONDS; False if this role may not see that."""
    row = conn.execute(_IS_WORKING, [WORKING_SECONDS, session.pid, session.backend_start]).fetchone()
    return bool(row and row[0])


def evict(conn: psycopg.Connection[Any], session: Session) -> bool:
    """End a session, which frees its locks. False when it is gone already, or when this role may not end it.

    Another role's session needs pg_signal_backend, and a superuser's session a superuser.
    """
    try:
        row = conn.execute(_EVICT, [session.pid, session.backend_start]).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return False
    return bool(row and row[0])
