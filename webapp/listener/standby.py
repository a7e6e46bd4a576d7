"""Who leads: the holder of the leader's lock. The others wait for it, and take it from a leader that has gone silent.

A leader that is killed, or whose host vanishes, loses the lock with its session. One that is frozen, or whose connection
is stalled somewhere on the way, keeps it and does nothing: its heartbeat in Redis is missing. Whoever sees that ends the
leader's session in PostgreSQL; should it wake up, its next statement fails and it stands by.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
import redis

from ..doorbell import connection, lock_holders
from ..doorbell.connection import Session
from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics.outbox import DRAINS
from ..outbox import drain
from ..outbox.drain import Drained
from . import heartbeat

# A standby asks for the lock this often. It does not wait in pg_advisory_lock: the snapshot of a waiting statement keeps
# vacuum from cleaning the whole database, for as long as the standby stands by.
ASK_SECONDS = 0.2
WORKING_SECONDS = 6.0  # a leader asks PostgreSQL for something every 4 s (self_ring.EVERY_SECONDS) at least
RELIEVE_SECONDS = 20.0  # then Celery leaves a leader alone whose heartbeat comes and goes
SILENT_SECONDS = 3.0  # the heartbeat is missed for so long, while Redis answers: a Redis just restarted has none either

log = logs.get("listener")

_HOLDER = """
SELECT a.pid, a.backend_start::text FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_WORKS = """
SELECT state_change > clock_timestamp() - %s * interval '1 second'
FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s
"""
# The start of another role's session is not visible without pg_read_all_stats.
_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start::text IS NOT DISTINCT FROM %s
"""


class FailureDetector:
    """Watches, from the side of a standby, for a leader that holds the lock and gives no sign of life.

    The silence is one session's: the next leader begins with a clean slate. A heartbeat that is missing although the session
    works (another program may delete it from Redis) is logged, and the leader stays.
    """

    def __init__(self, client: redis.Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis, self._clock = client, clock
        self._silent: Session | None = None
        self._since = 0.0
        self._looked = float("-inf")
        self._deleted = Incident(
            "the leader's heartbeat", "its session works, so it goes on leading", state="missing", again="there again"
        )
        self._held = Incident(
            "the leader's lock",
            "no listener can lead, and this one may not end that session: end it, and let no other role connect",
            state="held by another session",
            again="free",
        )

    def of(self, conn: psycopg.Connection[Any]) -> Session | None:
        """The session of a leader that was silent for SILENT_SECONDS. Asks once a second at most."""
        if self._clock() - self._looked >= 1.0:
            self._looked = self._clock()
            leader = holder(conn) if self._is_missing() else None
            if leader != self._silent:
                self._silent, self._since = leader, self._clock()
        if self._silent is None or self._clock() - self._since < SILENT_SECONDS:
            return None
        if works(conn, self._silent):
            self._deleted.fault(
                log, "heartbeat", "does another program delete doorbell:leader?", session=self._silent.pid
            )
            self._since = self._clock()
            return None
        return self._silent

    def could_not_end(self, conn: psycopg.Connection[Any]) -> None:
        """Name the session that holds the lock and could not be ended, if it still does."""
        found = [session for session in lock_holders.holders(conn, connection.LEADER_LOCK) if session.granted]
        if found:
            self._held.fault(log, "lock", **found[0].keys)

    def over(self) -> None:
        """The lock is ours now."""
        self._held.over(log)

    def _is_missing(self) -> bool:
        try:
            return heartbeat.is_missing(self._redis)
        except redis.RedisError:
            return False  # not known: a leader without Redis is no worse than this one


def holder(conn: psycopg.Connection[Any]) -> Session | None:
    """The session that holds the leader's lock."""
    row = conn.execute(_HOLDER, [connection.LEADER_LOCK]).fetchone()
    return Session(row[0], row[1]) if row else None


def works(conn: psycopg.Connection[Any], session: Session) -> bool:
    """Whether the session began or ended a statement in the last WORKING_SECONDS; False where this role may not see it."""
    row = conn.execute(_WORKS, [WORKING_SECONDS, session.pid, session.backend_start]).fetchone()
    return bool(row and row[0])


def end_session(conn: psycopg.Connection[Any], session: Session) -> bool:
    """End a session and free its locks. False when it is gone already, or when this role may not: another role's session
    needs pg_signal_backend, and a superuser's a superuser."""
    try:
        row = conn.execute(_END, [session.pid, session.backend_start]).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return False
    return bool(row and row[0])


def catch_up(database_url: str, client: redis.Redis) -> Drained | None:
    """Drain once if no listener leads, or the one that leads gives no sign of life: a minute late is better than dead.

    None where somebody leads, which is the normal case.
    """
    with connection.connect(database_url, "doorbell catch-up") as conn:
        if not connection.try_lead(conn) and not _relieve(conn, client):
            return None
        DRAINS.labels("catch_up").inc()
        beat = heartbeat.Heartbeat(conn, client)
        try:
            with beat.kept():
                return drain.drain(conn, client, drain.open_cursor(conn, client))
        finally:
            beat.close()


def _relieve(conn: psycopg.Connection[Any], client: redis.Redis) -> bool:
    """Take the lead from a leader that gives no sign of life; False as soon as one does."""
    silence, ends = FailureDetector(client), time.monotonic() + RELIEVE_SECONDS
    while heartbeat.is_missing(client) and time.monotonic() < ends:
        if leader := silence.of(conn):
            if not end_session(conn, leader) and not connection.try_lead(conn):
                silence.could_not_end(conn)
                return False
            return _lead_soon(conn)
        time.sleep(ASK_SECONDS)
    return False


def _lead_soon(conn: psycopg.Connection[Any]) -> bool:
    for _ask in range(10):  # an ended session needs a moment to give its locks back
        if connection.try_lead(conn):
            return True
        time.sleep(ASK_SECONDS)
    return False
