"""The leader's heartbeat in Redis: one key means that a listener leads, another that its signals are published.

A leader that is alive but cannot publish (Redis is full, or a key has a wrong type) keeps the lead, because no other
listener could publish either. But then no page may show "Live".
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
from ..outbox.cursor import Cursor
from ..signals import publisher
from ..signals.beat import Beat

BEAT_SECONDS = 1.0
# Without a beat for this long, no listener leads, or the leader is frozen or cut off from Redis.
EXPIRY_SECONDS = 6
# Present while a listener leads, whether or not it can publish.
LEADER_KEY = "doorbell:leader"
# Written to check that Redis accepts writes.
PROBE_KEY = "doorbell:probe"

_READ_RUN_ID = "SELECT redis_run_id FROM outbox_readers WHERE name = %s"
_SAVE_RUN_ID = "UPDATE outbox_readers SET redis_run_id = %s WHERE name = %s"

log = logs.get("listener")


class Heartbeat:
    """One leader's heartbeat. Call `beat` every BEAT_SECONDS, or run longer work in a `keep_alive` block."""

    def __init__(self, conn: Connection, client: redis.Redis) -> None:
        self._conn, self._redis = conn, client
        self._run_id: str | None = None
        self._published: str | None = None
        self._may_read_run_id = True
        self._busy = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Delete our own heartbeat, so that a standby need not wait for it to expire."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        with contextlib.suppress(redis.RedisError, ValueError):
            if Beat.parse(cast(Any, self._redis.get(LEADER_KEY)) or b"").is_mine:
                self._redis.delete(LEADER_KEY)

    def beat(self, cursor: Cursor) -> None:
        """Raises redis.RedisError when Redis does not accept it."""
        self._beat(publisher.HEARTBEAT_KEY, LEADER_KEY)
        self._resync_if_redis_changed()
        self.save_published(cursor)

    def beat_without_publishing(self) -> None:
        self._beat(LEADER_KEY)

    def save_published(self, cursor: Cursor) -> None:
        """Copy the saved cursor to Redis when it has changed, which exposes a database restored from an older dump."""
        if cursor.saved != self._published:
            self._redis.set(drain.PUBLISHED_KEY, cursor.saved)
            self._published = cursor.saved

    @contextmanager
    def keep_alive(self) -> Iterator[None]:
        """Beats from a thread while the block runs: for a million missed events, or signals to ten thousand tenants.

        Timeouts of its statements and commands bound the block. A frozen process freezes the thread as well.
        """
        self._busy.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._beat_while_busy, name="heartbeat", daemon=True)
            self._thread.start()
        try:
            yield
        finally:
            self._busy.clear()

    def _beat_while_busy(self) -> None:
        while not self._closed.wait(BEAT_SECONDS):
            if self._busy.is_set():
                # The block itself meets the same fault.
                with contextlib.suppress(redis.RedisError):
                    self._beat(LEADER_KEY)

    def _beat(self, *keys: str) -> None:
        beat = str(Beat.now())
        with self._redis.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(key, beat, ex=EXPIRY_SECONDS)
            pipe.execute()

    def _resync_if_redis_changed(self) -> None:
        """Make every page resync when Redis was restarted or replaced by another since the last signals.

        Its log may lack the newest signals, and the next signal would hide that gap from a page that resumes.
        """
        run_id = self._run_id_of_redis() if self._may_read_run_id else None
        if run_id is None or run_id == self._run_id:
            return
        # Another Redis may not have the published cursor.
        self._published = None
        saved = self._conn.execute(_READ_RUN_ID, [drain.LISTENER.name]).fetchone()
        if saved and saved[0] not in (None, run_id):
            with self.keep_alive():
                drain.resync(self._conn, self._redis)
        self._conn.execute(_SAVE_RUN_ID, [run_id, drain.LISTENER.name])
        self._run_id = run_id

    def _run_id_of_redis(self) -> str | None:
        try:
            return str(cast(Any, self._redis.info("server"))["run_id"])
        except redis.ResponseError as error:  # the user may not use INFO
            self._may_read_run_id = False
            log.warning("could not read Redis's run id; pages may miss a change when Redis restarts", error=str(error))
            return None


def is_missing(client: redis.Redis) -> bool:
    """Whether no listener has led for EXPIRY_SECONDS. Raises redis.RedisError when Redis cannot answer.

    Writes first: on a read-only or full Redis no leader could send a heartbeat, so its absence would prove nothing.
    """
    client.set(PROBE_KEY, "1", ex=EXPIRY_SECONDS)
    return not client.exists(LEADER_KEY)
