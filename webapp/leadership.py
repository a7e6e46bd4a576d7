"""Who leads: the holder of the leader's lock. The others wait for it, and take it from a leader that has gone silent.

A leader that is killed, or whose host vanishes, loses the lock with its session. One that is frozen, or whose connection
is stalled somewhere on the way, keeps it and does nothing: its heartbeat in Redis is missing. Whoever sees that ends the
leader's session in PostgreSQL; should it wake up, its next statement fails and it stands by.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
import redis

from . import doorbell, heartbeat, outbox
from .doorbell import Session
from .metrics.outbox import DRAINS
from .outbox import Drained

# A standby asks for the lock this often. It does not wait in pg_advisory_lock: the snapshot of a waiting statement keeps
# vacuum from cleaning the whole database, for as long as the standby stands by.
ASK_SECONDS = 0.2
SILENT_SECONDS = 3.0  # the heartbeat is missed for so long, while Redis answers: a Redis just restarted has none either

_HOLDER = """
SELECT a.pid, a.backend_start::text FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s"


class Silence:
    """Watches, from the side of a standby, for a leader that holds the lock and does not beat."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._missed_since: float | None = None
        self._looked = 0.0

    def lasts(self) -> bool:
        """Whether the heartbeat has been missed for SILENT_SECONDS. Redis is asked once a second at most."""
        if time.monotonic() - self._looked >= 1.0:
            self._looked = time.monotonic()
            try:
                missing = heartbeat.is_missing(self._redis)
            except redis.RedisError:
                missing = False  # not known: a leader without Redis is no worse than this one
            if not missing:
                self._missed_since = None
            elif self._missed_since is None:
                self._missed_since = time.monotonic()
        return self._missed_since is not None and time.monotonic() - self._missed_since >= SILENT_SECONDS


def holder(conn: psycopg.Connection[Any]) -> Session | None:
    """The session that holds the leader's lock."""
    row = conn.execute(_HOLDER, [doorbell.LEADER_LOCK]).fetchone()
    return Session(row[0], row[1]) if row else None


def end_session(conn: psycopg.Connection[Any], session: Session) -> bool:
    """End a listener's session and free its locks; False when it is gone already. Needs its role or pg_signal_backend."""
    row = conn.execute(_END, [session.pid, session.backend_start]).fetchone()
    return bool(row and row[0])


def catch_up(database_url: str, client: redis.Redis) -> Drained | None:
    """Drain once if no listener leads, or the one that leads gives no sign of life: a minute late is better than dead.

    None where somebody leads, which is the normal case.
    """
    with doorbell.connect(database_url, "doorbell catch-up") as conn:
        if not doorbell.try_lead(conn) and not (_is_silent(client) and _evict(conn)):
            return None
        DRAINS.labels("catch_up").inc()
        return outbox.drain(conn, client, outbox.open_cursor(conn, client))


def _is_silent(client: redis.Redis) -> bool:
    silence = Silence(client)
    while not silence.lasts():
        if not heartbeat.is_missing(client):
            return False
        time.sleep(ASK_SECONDS)
    return True


def _evict(conn: psycopg.Connection[Any]) -> bool:
    leader = holder(conn)
    if leader is not None:
        end_session(conn, leader)
    for _ask in range(10):  # an ended session needs a moment to give its locks back
        if doorbell.try_lead(conn):
            return True
        time.sleep(ASK_SECONDS)
    return False
