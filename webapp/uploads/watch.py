"""The watch over a running job: a thread with a session of its own that renews the lease and announces the progress.

It interrupts the job when it was cancelled, when another worker has it, or when this worker is asked to stop.
"""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import redis

from ..observability import logs
from ..postgres import session
from . import jobs
from .notice import announce
from .upload import Upload

INTERVAL_SECONDS = 1.0
CANCELLED, LOST, STOPPING = "cancelled", "lost", "stopping"

log = logs.get("uploads")


class Interrupted(Exception):
    """The job must end now, for the watch's reason. Nothing was placed."""


class Watch:
    """Watches `job`, whose statements run on `conn`, between `start` and `close`. The job reports its progress here."""

    def __init__(
        self, database_url: str, client: redis.Redis, job: Upload, conn: psycopg.Connection[Any], stop: threading.Event
    ) -> None:
        self._url, self._client, self._job, self._conn, self._stop = database_url, client, job, conn, stop
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="import watch", daemon=True)
        self._phase, self._done = "reading", 0
        self._orders: int | None = None
        self._seen: object = None
        self.reason = ""

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def reading(self, position: int) -> None:
        self._done = position
        self.check()

    def waiting(self) -> None:
        self._phase = "waiting"

    def waited(self) -> None:
        self._phase = "placing"
        self.check()

    def placing(self, orders: int) -> None:
        self._phase, self._orders = "placing", orders
        self.check()

    def reporting(self) -> None:
        self._phase = "reporting"

    def check(self) -> None:
        """Raises Interrupted."""
        if self.reason:
            raise Interrupted(self.reason)

    def _run(self) -> None:
        while not self.reason and not self._ended.is_set():
            try:
                with session.connect(self._url, "doorbell import watch", autocommit=True) as conn:
                    while not self.reason and not self._ended.is_set():
                        self._beat(conn)
                        self._ended.wait(INTERVAL_SECONDS)
            except psycopg.Error as error:
                # The lease goes on for some seconds. If it expires, the fence stops this worker's commit.
                log.warning("could not renew the lease of an import", upload=self._job.id, error=str(error))
                self._ended.wait(INTERVAL_SECONDS)

    def _beat(self, conn: psycopg.Connection[Any]) -> None:
        try:
            renewed = jobs.renew(conn, self._job, self._phase, self._done, self._orders)
        except jobs.LeaseLost:
            self._interrupt(LOST)
            return
        if self._stop.is_set():
            self._interrupt(STOPPING)
        elif renewed.is_cancel_requested:
            self._interrupt(CANCELLED)
        progress = (self._phase, self._done, self._orders)
        if progress != self._seen:
            self._seen = progress
            announce(conn, self._client, self._job.tenant_id)

    def _interrupt(self, reason: str) -> None:
        """The job ends at its next report of progress, or because PostgreSQL cancels its statement."""
        self.reason = reason
        self._conn.cancel()
