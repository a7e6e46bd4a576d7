"""Who answers the bell: the holder of the leader's lock, those who stand by, and the leader's heartbeat in Redis."""

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
from .finding import Finding, fault, lasting, ok, warn
from .system import Row, System

LISTENER, CATCH_UP = "doorbell listener", "doorbell catch-up"  # the application_name of their sessions
_START = "Start listener_worker.py (better two, on different hosts)."
_SHUT = "Let no other role connect: REVOKE CONNECT ON DATABASE … FROM PUBLIC;"
_LOOK_AGAIN_SECONDS = 0.3  # a writer shares the quiet lock for an instant

_SESSIONS = """
SELECT a.pid, a.application_name, a.usename AS role, a.usename = current_user AS is_ours,
       coalesce(a.client_hostname, host(a.client_addr), 'this host') AS client,
       extract(epoch FROM clock_timestamp() - a.backend_start)::float8 AS seconds, l.pid IS NOT NULL AS leads
FROM pg_stat_activity a
LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = a.datid AND (l.classid::bigint << 32) + l.objid::bigint = %(lock)s
WHERE a.datname = current_database() AND (l.pid IS NOT NULL OR a.application_name = %(listener)s)
"""


def look(system: System) -> Iterator[Finding]:
    yield from _look_at_the_locks(system)
    yield from _look_at_the_leader(system)


def _look_at_the_locks(system: System) -> Iterator[Finding]:
    """Other roles that wait for the leader's lock, and sessions that keep the quiet lock from the leader."""
    with system.postgresql() as conn:
        leading = lock_holders.holders(conn, locks.LEADER_LOCK)
        for waiting in leading:
            if not waiting.granted and not waiting.is_ours:
                yield warn(f"{waiting} waits for the leader's lock", f"{waiting.end}\n{_SHUT}")
        leaders = {holder.pid for holder in leading if holder.granted}
        if kept := _keep_the_quiet_lock(conn, leaders):
            time.sleep(_LOOK_AGAIN_SECONDS)
            for pid in kept.keys() & _keep_the_quiet_lock(conn, leaders).keys():
                seen = f"{kept[pid]} holds the quiet lock: the listener never sleeps, and a change shows up to 5 s late"
                yield warn(seen, f"{kept[pid].end}\n{_SHUT}")


def _keep_the_quiet_lock(conn: psycopg.Connection, leaders: set[int]) -> dict[int, Holder]:
    found = lock_holders.holders(conn, locks.QUIET_LOCK)
    return {holder.pid: holder for holder in found if holder.granted and holder.pid not in leaders}


def _look_at_the_leader(system: System) -> Iterator[Finding]:
    sessions = system.rows(_SESSIONS, {"lock": locks.LEADER_LOCK, "listener": LISTENER})
    leader = next((session for session in sessions if session["leads"]), None)
    standbys = sum(not session["leads"] for session in sessions)
    if "redis" in system.away:
        yield warn(f"{_leader(leader)}; its heartbeat is not known: {system.away['redis']}", "Start Redis first.")
        return
    try:
        yield _judge(leader, standbys, _heartbeat(system))
    except redis.RedisError as error:
        yield warn(f"{_leader(leader)}; its heartbeat cannot be read: {error}", "See the line “redis”.")
    except ValueError as error:
        yield warn(
            f"{_leader(leader)}; in Redis, {publisher.HEARTBEAT_KEY} is {error}",
            "Another program writes to this Redis; give Doorbell a Redis of its own.",
        )


def _judge(leader: Row | None, standbys: int, beat: Beat | None) -> Finding:
    if leader is None and beat is None:
        return fault(f"{_leader(leader)}; {standbys} stand by", _START)
    if leader is None:
        host = beat.host if beat else "an unknown host"
        return fault(
            f"nobody holds the leader's lock in this database, yet a listener on {host} beats in this Redis",
            f"It ended just now, or serves another database: give each Doorbell a Redis database of its own. {_START}",
        )
    if beat is None and leader["application_name"] == CATCH_UP:
        return fault("no listener leads: Celery's catch-up holds the leader's lock for the moment", _START)
    if beat is None and not leader["is_ours"]:
        return fault(
            f"role {leader['role']!r} holds the leader's lock (session {leader['pid']}, application "
            f"{leader['application_name']!r}) and is no listener: nothing is published; {standbys} stand by",
            f"SELECT pg_terminate_backend({leader['pid']});\n{_SHUT}",
        )
    if beat is None:
        return fault(
            f"{_leader(leader)}, but there is no heartbeat in Redis for {heartbeat.EXPIRY_SECONDS} s; {standbys} stand by",
            "It is frozen, or cut off from Redis, or Redis takes no writes. A standby, or "
            f"Celery within a minute, ends its session and takes over; by hand: SELECT pg_terminate_backend({leader['pid']});",
        )
    return ok(f"{_leader(leader)}; heartbeat {lasting(beat.age)} ago from {beat.host}; {standbys} stand by")


def _leader(leader: Row | None) -> str:
    if leader is None:
        return "nobody leads"
    since = f", since {lasting(leader['seconds'])}" if leader["seconds"] is not None else ""
    return f"{leader['application_name']!r} leads, session {leader['pid']} from {leader['client']}{since}"


def _heartbeat(system: System) -> Beat | None:
    """Raises ValueError when something else is there."""
    with system.redis() as client:
        text = cast(Any, client.get(publisher.HEARTBEAT_KEY))
    return None if text is None else Beat.parse(text)
