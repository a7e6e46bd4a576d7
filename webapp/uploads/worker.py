"""Runs jobs: an upload's file is copied from PostgreSQL to a temporary file, and checked or imported in one transaction.

A worker that is killed leaves nothing behind but its lease. When that has expired, the next tick of any worker begins the job
again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import redis

from ..audit.kinds import Kind
from ..audit.recording import record
from ..observability import logs
from ..observability.metrics import worker as metrics
from ..order_import import placement, report
from ..order_import.errors import FileRefused
from ..order_import.pipeline import Import, Result
from ..postgres import faults, session
from . import files, jobs, status_words, store
from .notice import announce
from .options import import_options
from .upload import CANCELLED, FAILED, REFUSED, Upload
from .watch import CANCELLED as CANCEL_REQUESTED
from .watch import STOPPING, Interrupted, Watch
from .words import of_file

# How often PostgreSQL checks during a statement whether the worker is still there.
CONNECTION_CHECK = "5s"
_SLUG = "SELECT slug FROM tenants WHERE id = %s"

# Records the end of an attempt.
End = Callable[[psycopg.Connection[Any], Upload], None]

log = logs.get("uploads")


class ImportWorker:
    """Runs one job at a time per process, so that the threads beside it are free for ticks."""

    def __init__(self, database_url: str, client: redis.Redis) -> None:
        self._url, self._client = database_url, client
        self._stop = threading.Event()
        self._busy = threading.Lock()

    def stop(self) -> None:
        """A running job is given back, and goes on in another worker or after the restart."""
        self._stop.set()

    def run(self) -> int:
        """Run the jobs that wait. Returns how many, 0 while another thread of this process runs one. Raises psycopg.Error."""
        if not self._busy.acquire(blocking=False):
            return 0
        try:
            count = 0
            while not self._stop.is_set() and self._run_next():
                count += 1
            return count
        finally:
            self._busy.release()

    def _run_next(self) -> bool:
        with session.connect(self._url, "doorbell import", autocommit=True) as conn:
            for tenant_id in jobs.fail_crashed(conn):
                metrics.IMPORT_JOBS.labels(FAILED).inc()
                announce(conn, self._client, tenant_id)
            metrics.IMPORT_WAIT.set(jobs.waiting_seconds(conn))
            job = jobs.claim(conn)
            if job is None:
                return False
            files.remove_abandoned()
            announce(conn, self._client, job.tenant_id)
            self._run_job(conn, job)
        return True

    def _run_job(self, conn: psycopg.Connection[Any], job: Upload) -> None:
        """One attempt. It ends with a result, or with the reason for a missing one."""
        watch = Watch(self._url, self._client, job, conn, self._stop)
        watch.start()
        end: End = _counted
        attempt = _Job(self._url, conn, job, watch)
        try:
            attempt.run()
        except FileRefused as refused:
            end = partial(_refused, str(refused), attempt.unknown)
        except (Interrupted, jobs.LeaseLost):
            # Without a reason of the watch, the job was cancelled in its last moment.
            end = partial(_interrupted, watch.reason or CANCEL_REQUESTED)
        except Exception as error:
            # The watch cancels statements, which PostgreSQL reports as errors.
            end = partial(_interrupted, watch.reason) if watch.reason else partial(_crashed, error)
        finally:
            watch.close()
        # The job's own session may be cancelled or lost.
        with session.connect(self._url, "doorbell import", autocommit=True) as fresh:
            end(fresh, job)
            announce(fresh, self._client, job.tenant_id)


def _counted(_conn: psycopg.Connection[Any], job: Upload) -> None:
    metrics.IMPORT_JOBS.labels("checked" if job.is_dry_run else "imported").inc()


def _refused(problem: str, unknown: list[str], conn: psycopg.Connection[Any], job: Upload) -> None:
    """The page offers the unknown words, because they may be behind the rows of its preview."""
    jobs.end(conn, job, REFUSED, problem, status_words.with_unknown(job.options, unknown))
    metrics.IMPORT_JOBS.labels(REFUSED).inc()


def _interrupted(reason: str, conn: psycopg.Connection[Any], job: Upload) -> None:
    if reason == CANCEL_REQUESTED:
        jobs.end(conn, job, CANCELLED)
        metrics.IMPORT_JOBS.labels(CANCELLED).inc()
    elif reason == STOPPING:
        jobs.release(conn, job)


def _crashed(error: Exception, conn: psycopg.Connection[Any], job: Upload) -> None:
    """The next tick tries again, or gives up."""
    jobs.crashed(conn, job, _explained(error))
    metrics.IMPORT_JOBS.labels("interrupted").inc()
    log.error("an attempt of an import failed", upload=job.id, attempt=job.attempts, exc_info=error)


class _Job:
    """One attempt of a job."""

    def __init__(self, database_url: str, conn: psycopg.Connection[Any], job: Upload, watch: Watch) -> None:
        self.url, self.conn, self.job, self.watch = database_url, conn, job, watch
        # An earlier attempt has placed the orders, and ended before its report.
        self.was_placed = not job.is_dry_run and job.result is not None
        # The status words that stopped the job.
        self.unknown: list[str] = []

    def run(self) -> None:
        """Do the job and record its result. Raises FileRefused, Interrupted, LeaseLost and psycopg.Error."""
        _end_with_this_process(self.conn)
        with files.local_copy(self.conn, self.job) as (path, _):
            self.watch.check()
            try:
                self._import(path)
            except FileRefused as refused:
                raise FileRefused(of_file(str(refused), path, self.job.name)) from None

    def _import(self, path: Path) -> None:
        row = self.conn.execute(_SLUG, [self.job.tenant_id]).fetchone()
        assert row is not None
        is_dry_run = self.job.is_dry_run or self.was_placed
        importing = Import(self.conn, import_options(self.job, path, row[0], is_dry_run=is_dry_run))
        try:
            result = importing.run(
                progress=self.watch.reading,
                placing=self.watch.placing,
                waiting=self.watch.waiting,
                waited=self.watch.waited,
                committing=None if is_dry_run else partial(self._committing, importing),
            )
        except FileRefused:
            self.unknown = importing.reading.reader.unknown()
            raise
        self.watch.reporting()
        self._finish(importing, result, path)

    def _committing(self, importing: Import, rows: int, counts: report.Counts, outcome: placement.Outcome) -> None:
        jobs.record_placed(self.conn, self.job, _summary(importing, rows, counts, outcome))
        details = {"orders": outcome.placed, "rejected": counts.rejected_orders, "users": outcome.owners}
        tenant_id, name = self.job.tenant_id, self.job.name
        record(self.conn, Kind.IMPORT_PLACED, tenant_id=tenant_id, subject=name, details=details)

    def _finish(self, importing: Import, result: Result, path: Path) -> None:
        first = [asdict(row) | {"reason": of_file(row.reason, path, self.job.name)} for row in result.first]
        found: dict[str, Any] = {"first": first, "seconds": round(result.seconds, 1)}
        if self.job.is_dry_run:
            found |= _summary(importing, result.rows, result.counts, result.outcome)
        with session.connect(self.url, "doorbell import", autocommit=True) as conn:
            size = store.save_report(conn, self.job, result.report_path) if result.report_path else 0
            self.watch.close()
            self.watch.check()
            jobs.finish(conn, self.job, found, size, result.report_error)


def _summary(importing: Import, rows: int, counts: report.Counts, outcome: placement.Outcome) -> dict[str, Any]:
    """The summary that `flask orders import` prints, as JSON."""
    columns = importing.columns
    return {
        "rows": rows,
        **asdict(counts),
        **asdict(outcome),
        "looks_like": importing.format.title if importing.format.header else "",
        "read_as": importing.file.read_as,
        "columns": [columns.named(field) for field in columns.found],
        "unread": columns.unread,
        "has_payments": "paid_at" in columns.fields,
        "notes": importing.reading.notes(),
    }


def _end_with_this_process(conn: psycopg.Connection[Any]) -> None:
    """PostgreSQL then ends the statement of a killed worker, which would hold the tenant's lock for minutes."""
    # A server without this feature refuses it, such as one on Windows.
    with contextlib.suppress(psycopg.errors.InvalidParameterValue):
        conn.execute("SELECT set_config('client_connection_check_interval', %s, false)", [CONNECTION_CHECK])


def _explained(error: Exception) -> str:
    if isinstance(error, psycopg.Error):
        return faults.explain(error) or f"PostgreSQL: {str(error).strip().partition(chr(10))[0]}"
    return f"{type(error).__name__}: {error}"
