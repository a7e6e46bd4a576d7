"""Check of the listeners: the holder of the leader's lock, the standbys, and the leader's heartbeat in Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast

import psycopg
import redis

from ..doorbell import lock_holders, locks
from ..doorbell.lock_holders import Holder
from ..listener import heartbeat
from ..signals import publisher
from ..signals.beat import Beat
from .finding import Finding, duration, fault, ok, warn
from .system import Row, System

# The application_name of their sessions.
LISTENER, CATCH_UP = "doorbell listener", "doorbell catch-up"
_START = "Start listener_worker.py (preferably two, on different hosts)."
_REVOKE = "Let no other role connect: REVOKE CONNECT ON DATABASE … FROM PUBLIC;"
# A writer holds the quiet lock for an instant, so a holder must still have it after this time.
_RECHECK_SECONDS = 0.3

_SESSIONS = """
SELECT a.pid, a.application_name, a.usename AS role, tenancy_other_program(a.usename::text) IS NULL AS is_ours,
       coalesce(a.client_hostname, host(a.client_addr), 'this host') AS client,
       extract(epoch FROM clock_timestamp() - a.backend_start)::float8 AS seconds, l.pid IS NOT NULL AS leads
FROM pg_stat_activity a
LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = a.datid AND (l.classid::bigint << 32) + l.objid::bigint = %(lock)s
WHERE a.datname = current_database() AND (l.pid IS NOT NULL OR a.application_name = %(listener)s)
"""


def check(system: System) -> Iterator[Finding]:
    yield from _check_locks(system)
    yield from _check_leader(system)


def _check_locks(system: System) -> Iterator[Finding]:
    """Find other roles that wait for the leader's lock, and sessions that keep the quiet lock from the leader."""
    with system.postgresql() as conn:
        leading = lock_holders.holders(conn, locks.LEADER_LOCK)
        for waiting in leading:
            if not waiting.granted and not waiting.is_ours:
                yield warn(f"{waiting} waits for the leader's lock", f"{waiting.end}\n{_REVOKE}")
        leaders = {holder.pid for holder in leading if holder.granted}
        if holders := _quiet_lock_holders(conn, leaders):
            time.sleep(_RECHECK_SECONDS)
            for pid in holders.keys() & _quiet_lock_holders(conn, leaders).keys():
                seen = (
                    f"{holders[pid]} holds the quiet lock: the listener never sleeps, and a change shows up to 5 s late"
                )
                yield warn(seen, f"{holders[pid].end}\n{_REVOKE}")


def _quiet_lock_holders(conn: psycopg.Connection, leaders: set[int]) -> dict[int, Holder]:
    found = lock_holders.holders(conn, locks.QUIET_LOCK)
    return {holder.pid: holder for holder in found if holder.granted and holder.pid not in leaders}


def _check_leader(system: System) -> Iterator[Finding]:
    sessions = system.rows(_SESSIONS, {"lock": locks.LEADER_LOCK, "listener": LISTENER})
    leader = next((session for session in sessions if session["leads"]), None)
    standbys = sum(not session["leads"] for session in sessions)
    if "redis" in system.away:
        yield warn(f"{_leader(leader)}; its heartbeat is unknown: {system.away['redis']}", "Start Redis first.")
        return
    try:
        yield _judge(leader, standbys, _heartbeat(system))
    except redis.RedisError as error:
        yield warn(f"{_leader(leader)}; its heartbeat cannot be read: {error}", "See the line “redis”.")
    except ValueError as error:
        yield warn(
            f"{_leader(leader)}; in Redis, {publisher.HEARTBEAT_KEY} is {error}",
            "Another program writes to this Redis: give Doorbell its own Redis.",
        )


def _judge(leader: Row | None, standbys: int, beat: Beat | None) -> Finding:
    if leader is None and beat is None:
        return fault(f"{_leader(leader)}; {_standbys(standbys)}", _START)
    if leader is None:
        host = beat.host if beat else "an unknown host"
        return fault(
            f"the leader's lock is free in this database, but a listener on {host} sends heartbeats to this Redis",
            f"It ended just now, or serves another database: give each Doorbell its own Redis database. {_START}",
        )
    if beat is None and leader["application_name"] == CATCH_UP:
        return fault("no listener leads; for the moment Celery's catch-up holds the leader's lock", _START)
    if beat is None and not leader["is_ours"]:
        return fault(
            f"role {leader['role']!r} holds the leader's lock (session {leader['pid']}, application "
            f"{leader['application_name']!r}) and is not a listener: no signals are published; {_standbys(standbys)}",
            f"SELECT pg_terminate_backend({leader['pid']});\n{_REVOKE}",
        )
    if beat is None:
        return fault(
            f"{_leader(leader)}, but Redis has had no heartbeat for {heartbeat.EXPIRY_SECONDS} s; {_standbys(standbys)}",
            "The leader is frozen, or cut off from Redis, or Redis refuses writes. A standby, or Celery within a minute, ends "
            f"its session and takes over; by hand: SELECT pg_terminate_backend({leader['pid']});",
        )
    return ok(f"{_leader(leader)}; heartbeat {duration(beat.age)} ago from {beat.host}; {_standbys(standbys)}")


def _leader(leader: Row | None) -> str:
    if leader is None:
        return "no listener leads"
    since = f", since {duration(leader['seconds'])}" if leader["seconds"] is not None else ""
    return f"{leader['application_name']!r} leads, session {leader['pid']} from {leader['client']}{since}"


def _standbys(count: int) -> str:
    return f"{count} standby{'' if count == 1 else 's'}"


def _heartbeat(system: System) -> Beat | None:
    """The leader's heartbeat, or None. Raises ValueError for a value that is not a heartbeat."""
    with system.redis() as client:
        text = cast(Any, client.get(publisher.HEARTBEAT_KEY))
    return None if text is None else Beat.parse(text)
