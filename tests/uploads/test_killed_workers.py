"""Celery's worker, killed in the middle of an import: nothing is placed, and the next one does it without being asked."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tasks.schedule import IMPORT_RUN, REFRESH_ROLLUPS
from webapp.order_import.placement import IMPORT_LOCK
from webapp.uploads import jobs

from ..support.processes import Doorbell, Process
from ..support.uploads import Uploads, many
from ..support.wait import eventually
from ..support.world import World

ORDERS = 2_000


@pytest.fixture
def worker(doorbell: Doorbell) -> Process:
    options = ("--queues=doorbell", "--pool=threads", "--concurrency=3", "--loglevel=WARNING")
    return doorbell.process(
        sys.executable,
        "-m",
        "celery",
        "-q",
        "-A",
        "tasks.app",
        "worker",
        *options,
        "--without-gossip",
        "--without-mingle",
    )


@pytest.fixture
def beat(doorbell: Doorbell) -> Process:
    return doorbell.another(sys.executable, "-m", "celery", "-q", "-A", "tasks.app", "beat", "--loglevel=WARNING")


@contextlib.contextmanager
def placing_is_blocked(conn: psycopg.Connection, tenant: int) -> Iterator[None]:
    """Imports of the tenant wait inside of the transaction that would place their orders."""
    conn.execute("SELECT pg_advisory_lock(%s)", [IMPORT_LOCK + tenant])
    yield
    conn.execute("SELECT pg_advisory_unlock(%s)", [IMPORT_LOCK + tenant])


def copies(pid: int) -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"doorbell-import-{pid}-*"))


def sessions_of_jobs(conn: psycopg.Connection) -> int:
    row = conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doorbell import' AND datname = current_database()"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_an_import_goes_on_after_its_worker_was_killed(
    uploads: Uploads, conn: psycopg.Connection, worker: Process, beat: Process
) -> None:
    upload = uploads.queue(uploads.add(many(ORDERS)))
    with placing_is_blocked(conn, uploads.tenant):
        worker.start()
        eventually(lambda: uploads.find(upload.id).phase == "waiting", 60)
        killed = worker.pid
        assert copies(killed), "the worker has a copy of the file"
        assert sessions_of_jobs(conn) == 1
        worker.kill()
        eventually(lambda: sessions_of_jobs(conn) == 0)
    assert uploads.orders() == []
    assert uploads.find(upload.id).state == "running"
    eventually(lambda: uploads.find(upload.id).was_interrupted, jobs.LEASE_SECONDS + 5)
    worker.start()
    eventually(lambda: uploads.find(upload.id).is_imported, 60)
    found = uploads.find(upload.id)
    assert found.attempts == 2
    assert found.result is not None
    assert (found.result["placed"], len(uploads.orders())) == (ORDERS, ORDERS)
    assert copies(killed) == [], "the copy of the killed worker was removed"


def test_a_worker_that_is_stopped_gives_its_import_to_the_next(
    uploads: Uploads, conn: psycopg.Connection, worker: Process, beat: Process
) -> None:
    upload = uploads.queue(uploads.add(many(ORDERS)))
    with placing_is_blocked(conn, uploads.tenant):
        worker.start()
        eventually(lambda: uploads.find(upload.id).phase == "waiting", 60)
        # It ends although the import still waits.
        worker.stop(60)
    found = uploads.find(upload.id)
    assert (found.state, found.attempts, uploads.orders()) == ("queued", 0, [])
    worker.start()
    eventually(lambda: uploads.find(upload.id).is_imported, 60)
    assert len(uploads.orders()) == ORDERS


def test_ticks_run_beside_an_import(
    uploads: Uploads, conn: psycopg.Connection, doorbell: Doorbell, worker: Process, world: World
) -> None:
    uploads.queue(uploads.add(many(ORDERS)))
    upload = uploads.queue(uploads.add(many(ORDERS)))
    with placing_is_blocked(conn, uploads.tenant):
        # A worker runs each task once at its start.
        worker.start()
        eventually(lambda: "waiting" in phases(conn), 60)
        world.order(uploads.tenant, number="BESIDE", paid_at=world.now())
        tick(doorbell, REFRESH_ROLLUPS)
        eventually(lambda: conn.execute("SELECT FROM rollups_hourly").fetchone() is not None)
        # A tick of imports finds that this process has a job.
        tick(doorbell, IMPORT_RUN)
        assert phases(conn) == ["waiting"]
        assert uploads.find(upload.id).state == "queued"
    eventually(lambda: uploads.find(upload.id).is_imported, 60)


def tick(doorbell: Doorbell, name: str) -> None:
    call = doorbell.another(sys.executable, "-m", "celery", "-q", "-A", "tasks.app", "call", name)
    assert call.wait(60) == 0, call.log


def phases(conn: psycopg.Connection) -> list[str]:
    return [row[0] for row in conn.execute("SELECT phase FROM uploads WHERE phase IS NOT NULL")]
