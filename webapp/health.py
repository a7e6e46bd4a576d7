"""Is each part that the board needs there? PostgreSQL, Redis, and the listener by its heartbeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import psycopg
import redis

from . import pg_session
from .beat import Beat
from .heartbeat import EXPIRY_SECONDS
from .signals import HEARTBEAT_KEY

CONNECT_SECONDS = 2


@dataclass(frozen=True)
class Part:
    """One part's state: `ok`, and in words what is or is not there."""

    ok: bool
    state: str


def check(database_url: str, client: redis.Redis) -> dict[str, Part]:
    """The state of postgresql, redis and listener, in that order."""
    return {"postgresql": _postgresql(database_url), "redis": _redis(client), "listener": _listener(client)}


def _postgresql(database_url: str) -> Part:
    try:
        name, seconds = "doorbell readyz", CONNECT_SECONDS
        with pg_session.connect(database_url, name, writes=False, connect_seconds=seconds) as conn:
            conn.execute("SELECT 1")
    except psycopg.Error as error:
        return Part(False, f"no answer ({type(error).__name__})")
    return Part(True, "answers")


def _redis(client: redis.Redis) -> Part:
    try:
        client.ping()
    except redis.RedisError as error:
        return Part(False, f"no answer ({type(error).__name__})")
    return Part(True, "answers")


def _listener(client: redis.Redis) -> Part:
    try:
        beat = cast(Any, client.get(HEARTBEAT_KEY))
    except redis.RedisError:  # a key of another type, too; the leader's next beat puts it right
        return Part(False, "unknown: its heartbeat is kept in Redis")
    if beat is None:
        return Part(False, f"no heartbeat for {EXPIRY_SECONDS} s; start listener_worker.py")
    try:
        known = Beat.parse(beat)
    except ValueError:
        return Part(False, f"unknown: {HEARTBEAT_KEY} in Redis is not a heartbeat; which other program writes to it?")
    return Part(True, f"leads on {known.host}, last heartbeat {known.age:.1f} s ago")
