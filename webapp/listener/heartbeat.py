"""The leader's signs of life in Redis: that somebody leads, and that what it reads is published.

Two keys, because they are two questions. A leader that lives but cannot publish (Redis is full, a key is of a wrong type)
is no reason to take the lead from it, for nobody else could publish either; but no page may call itself live.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import redis

from ..doorbell.connection import Connection
from ..observability import logs
from ..outbox import drain
from ..outbox.cursor import LISTENER_READER, Cursor
from ..signals import publisher
from ..signals.beat import Beat

BEAT_SECONDS = 1.0
EXPIRY_SECONDS = 6  # without a beat for so long nobody leads, or who leads is frozen or cut off from Redis
LEADER_KEY = "doorbell:leader"  # somebody leads, whether or not it can publish
ASKED_KEY = "doorbell:asked"

_KNOWN = "SELECT redis_run_id FROM outbox_readers WHERE name = %s"
_KNOW = "UPDATE outbox_readers SET redis_run_id = %s WHERE name = %s"

log = logs.get("listener")


class Heartbeat:
    """One leader's. `beat` is called at least once in BEAT_SECONDS, or a block is `kept` alive while it takes longer."""

    def __init__(self, conn: Connection, client: redis.Redis) -> None:
        self._conn, self._redis = conn, client
        self._run_id: str | None = None
        self._published: str | None = None
        self._watches = True
        self._busy = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Say that this one no longer leads, so that a standby need not wait for the last beat to expire."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        with contextlib.suppress(redis.RedisError, ValueError):
            if Beat.parse(cast(Any, self._redis.get(LEADER_KEY)) or b"").is_mine:
                self._redis.delete(LEADER_KEY)

    def beat(self, cursor: Cursor) -> None:
        """Raises redis.RedisError when Redis does not take it."""
        self._beat(publisher.HEARTBEAT_KEY, LEADER_KEY)
        self._watch()
        self.published(cursor)

    def beat_without_publishing(self) -> None:
        self._beat(LEADER_KEY)

    def published(self, cursor: Cursor) -> None:
        """Tell Redis up to where was published, when that is news: a database that knows less was set back."""
        if cursor.saved != self._published:
            self._redis.set(drain.PUBLISHED_KEY, cursor.saved)
            self._published = cursor.saved

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Beats from a thread while the block runs: a million missed events, or a signal to each of ten thousand tenants.

        The block bounds itself: its statements and commands have deadlines. A frozen process freezes the thread, too.
        """
        self._busy.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="heartbeat", daemon=True)
            self._thread.start()
        try:
            yield
        finally:
            self._busy.clear()

    def _keep(self) -> None:
        while not self._closed.wait(BEAT_SECONDS):
            if self._busy.is_set():
                with contextlib.suppress(redis.RedisError):  # the block itself meets the same fault
                    self._beat(LEADER_KEY)

    def _beat(self, *keys: str) -> None:
        beat = str(Beat.now())
        with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(key, beat, ex=EXPIRY_SECONDS)
            pipe.execute()

    def _watch(self) -> None:
        """Make every page resync when Redis is another than the one that signals went to: restarted, or failed over.

        Its log may lack the newest signals, and the next one would hide the gap from a page that resumes.
        """
        run_id = self._ask_run_id() if self._watches else None
        if run_id is None or run_id == self._run_id:
            return
        self._published = None  # another Redis has not been told
        known = self._conn.execute(_KNOWN, [LISTENER_READER]).fetchone()
        if known and known[0] not in (None, run_id):
            with self.kept():
                drain.resync(self._conn, self._redis)
        self._conn.execute(_KNOW, [run_id, LISTENER_READER])
        self._run_id = run_id

    def _ask_run_id(self) -> str | None:
        try:
            return str(cast(Any, self._redis.info("server"))["run_id"])
        except redis.ResponseError as error:  # a user without the right to ask INFO
            self._watches = False
            log.warning("Redis does not tell its run id; after its restart a page may miss a change", error=str(error))
            return None


def is_missing(client: redis.Redis) -> bool:
    """Whether nobody has led for EXPIRY_SECONDS. Raises redis.RedisError when Redis cannot say.

    It cannot where it takes no writes, for then no leader can beat: so the one who asks writes first.
    """
    client.set(ASKED_KEY, "1", ex=EXPIRY_SECONDS)
    return not client.exists(LEADER_KEY)
