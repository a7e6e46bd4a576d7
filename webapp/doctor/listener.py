"""Who answers the bell: the holder of the leader's lock, those who stand by, and the leader's heartbeat in Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import redis

from .. import doorbell, heartbeat, signals
from ..beat import Beat
from .finding import Finding, fault, lasting, ok, warn
from .system import Row, System

LISTENER, CATCH_UP = "doorbell listener", "doorbell catch-up"  # the application_name of their sessions
_START = "Start listener_worker.py (better two, on different hosts)."

_SESSIONS = """
SELECT a.pid, a.application_name, coalesce(a.client_hostname, host(a.client_addr), 'this host') AS client,
       extract(epoch FROM clock_timestamp() - a.backend_start)::float8 AS seconds, l.pid IS NOT NULL AS leads
FROM pg_stat_activity a
LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = a.datid AND (l.classid::bigint << 32) + l.objid::bigint = %(lock)s
WHERE a.datname = current_database() AND (l.pid IS NOT NULL OR a.application_name = %(listener)s)
"""


def look(system: System) -> Iterator[Finding]:
    sessions = system.rows(_SESSIONS, {"lock": doorbell.LEADER_LOCK, "listener": LISTENER})
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
            f"{_leader(leader)}; in Redis, {signals.HEARTBEAT_KEY} is {error}",
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
        text = cast(Any, client.get(signals.HEARTBEAT_KEY))
    return None if text is None else Beat.parse(text)
