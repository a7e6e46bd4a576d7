"""The leader's heartbeat in Redis: that somebody leads, up to where it has published, and whether Redis is still the same."""

from __future__ import annotations

import json
import os
import socket
import time
from typing import Any, cast

import psycopg
import redis

from . import outbox, signals
from .cursor import READER, Cursor

BEAT_SECONDS = 1.0
EXPIRY_SECONDS = 6  # without a beat for so long nobody leads, or who leads is frozen or cut off from Redis

_KNOWN = "SELECT redis_run_id FROM readers WHERE name = %s"
_KNOW = "UPDATE readers SET redis_run_id = %s WHERE name = %s"


class Heartbeat:
    """One leader's. `beat` is called at least once in BEAT_SECONDS."""

    def __init__(self, conn: psycopg.Connection[Any], client: redis.Redis) -> None:
        self._conn, self._redis = conn, client
        self._run_id: str | None = None
        self._published: str | None = None

    def beat(self, cursor: Cursor) -> None:
        """Raises redis.RedisError when Redis does not take it."""
        state = {"host": socket.gethostname(), "pid": os.getpid(), "at": time.time()}
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(signals.HEARTBEAT_KEY, json.dumps(state), ex=EXPIRY_SECONDS)
            pipe.info("server")
            answers = cast(Any, pipe.execute())
        self._watch(str(answers[-1]["run_id"]))
        self.published(cursor)

    def published(self, cursor: Cursor) -> None:
        """Tell Redis up to where was published, when that is news: a database that knows less was set back."""
        if cursor.saved != self._published:
            self._redis.set(outbox.PUBLISHED_KEY, cursor.saved)
            self._published = cursor.saved

    def _watch(self, run_id: str) -> None:
        """Make every page resync when Redis is another than the one that signals went to: restarted, or failed over.

        Its log may lack the newest signals, and the next one would hide the gap from a page that resumes.
        """
        if run_id == self._run_id:
            return
        self._published = None  # another Redis has not been told
        known = self._conn.execute(_KNOWN, [READER]).fetchone()
        if known and known[0] not in (None, run_id):
            outbox.resync(self._conn, self._redis)
        self._conn.execute(_KNOW, [run_id, READER])
        self._run_id = run_id


def is_missing(client: redis.Redis) -> bool:
    """Whether no leader has beaten for EXPIRY_SECONDS. Raises redis.RedisError when Redis cannot say."""
    return not client.exists(signals.HEARTBEAT_KEY)
