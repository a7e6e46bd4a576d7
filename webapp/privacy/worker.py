"""Runs the jobs of privacy: erasures page by page, and the deletions of tenants that are due."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import redis

from ..events.topics import ORDERS
from ..observability import logs
from ..observability.incidents import Incident
from ..postgres import session
from ..signals import notices, publisher
from . import deletion, jobs
from .erasure import AfterPage, Erasure, StillWritten
from .jobs import PrivacyTask
from .notice import announce

# Between two looks at a job that waits for the transactions of others.
WAIT_SECONDS = 1.0

log = logs.get("privacy")
_unsent = Incident("redis", "open pages show an erased name until their next refetch")


class PrivacyWorker:
    """Runs one job at a time per process."""

    def __init__(self, database_url: str, client: redis.Redis) -> None:
        self._url, self._client = database_url, client
        self._stop = threading.Event()
        self._busy = threading.Lock()

    def stop(self) -> None:
        """A running job is given back after its page."""
        self._stop.set()

    def run(self, job_id: int | None = None) -> int:
        """Run the jobs that are due, or one of them. Returns how many; 0 while another thread of this process runs one.

        Raises psycopg.Error.
        """
        if not self._busy.acquire(blocking=False):
            return 0
        try:
            count = 0
            while not self._stop.is_set() and self._run_next(job_id):
                count += 1
            return count
        finally:
            self._busy.release()

    def _run_next(self, job_id: int | None) -> bool:
        with session.connect(self._url, "doorbell privacy", autocommit=True) as conn:
            if not jobs.may_run(conn):
                self._hold(conn)
                return False
            job = jobs.claim(conn, job_id)
            if job is None:
                return False
            try:
                self._run_job(conn, job)
            except jobs.TaskLost:
                log.warning("lost a job to another worker", job=job.id, kind=job.kind)
            except StillWritten as error:
                jobs.fail(conn, job, str(error))
                log.error("gave up an erasure", job=job.id, tenant_id=job.tenant_id, error=str(error))
            except Exception as error:
                self._failed(job, error)
            announce(conn, self._client, job.tenant_id)
        return True

    def _hold(self, conn: psycopg.Connection[Any]) -> None:
        """The jobs wait, and nothing of them is done, until a worker with the rights runs them."""
        for tenant_id in jobs.hold(conn):
            log.error("no job of privacy is run", tenant_id=tenant_id, error=jobs.WITHOUT_RIGHTS)
            announce(conn, self._client, tenant_id)

    def _run_job(self, conn: psycopg.Connection[Any], job: PrivacyTask) -> None:
        if job.kind == jobs.TENANT:
            deletion.run(conn, self._client, job, self._stop)
            return
        erasure = Erasure(conn, job)
        outcome = AfterPage.MORE
        while outcome is AfterPage.MORE and not self._stop.is_set():
            outcome = erasure.page()
            self._publish(job.tenant_id, erasure.changed_orders)
        if outcome is AfterPage.DONE:
            # Names of users stand in many parts of a page.
            notices.tenant_changed(self._client, job.tenant_id)
            log.info("erased", job=job.id, kind=job.kind, tenant_id=job.tenant_id, rows=sum(erasure.counts.values()))
        else:
            jobs.release(conn, job, seconds=WAIT_SECONDS if outcome is AfterPage.WAIT else 0.0)

    def _publish(self, tenant_id: int, order_ids: Sequence[int]) -> None:
        """Boards and lists refetch the renamed orders. It is a signal without an event: no reader and no inbox gets it."""
        if not order_ids:
            return
        try:
            publisher.publish(self._client, tenant_id, {ORDERS: list(order_ids)})
            _unsent.over(log)
        except redis.RedisError as error:
            _unsent.fault(log, "signal", error)

    def _failed(self, job: PrivacyTask, error: Exception) -> None:
        """The page is done again later. The job's own connection may be lost."""
        # The values of a statement, which may be names, are in later lines.
        text = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        with session.connect(self._url, "doorbell privacy", autocommit=True) as conn:
            if job.attempts >= jobs.MAX_ATTEMPTS:
                jobs.fail(conn, job, text)
            else:
                jobs.release(conn, job, text, jobs.RETRY_SECONDS)
        log.error("interrupted a job of privacy", job=job.id, kind=job.kind, attempt=job.attempts, error=text)
