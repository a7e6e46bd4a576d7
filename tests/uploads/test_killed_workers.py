"""Celery's worker, killed in the middle of an import: nothing is placed, and the next one does it without being asked."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from webapp.order_import.placement import IMPORT_LOCK
from webapp.uploads import jobs

from ..support.processes import Doorbell, Process
from ..support.uploads import Uploads, many
from ..support.wait import eventually

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


def copies() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("doorbell-import-*"))


def test_an_import_goes_on_after_its_worker_was_killed(
    uploads: Uploads, conn: psycopg.Connection, worker: Process, beat: Process
) -> None:
    upload = uploads.queue(uploads.add(many(ORDERS)))
    with placing_is_blocked(conn, uploads.tenant):
        worker.start()
        eventually(lambda: uploads.find(upload.id).phase == "waiting", 30)
        left = copies()
        assert left, "the worker has a copy of the file"
        worker.kill()
    assert uploads.orders() == []
    assert uploads.find(upload.id).state == "running"
    eventually(lambda: uploads.find(upload.id).was_interrupted, jobs.LEASE_SECONDS + 5)
    worker.start()
    eventually(lambda: uploads.find(upload.id).is_imported, 30)
    found = uploads.find(upload.id)
    assert found.attempts == 2
    assert found.result is not None
    assert (found.result["placed"], len(uploads.orders())) == (ORDERS, ORDERS)
    assert not set(left) & set(copies()), "the copy of the killed worker was removed"


def test_a_worker_that_is_stopped_gives_its_import_to_the_next(
    uploads: Uploads, conn: psycopg.Connection, worker: Process, beat: Process
) -> None:
    upload = uploads.queue(uploads.add(many(ORDERS)))
    with placing_is_blocked(conn, uploads.tenant):
        worker.start()
        eventually(lambda: uploads.find(upload.id).phase == "waiting", 30)
        began = time.monotonic()
        worker.stop()
        assert time.monotonic() - began < jobs.LEASE_SECONDS
    found = uploads.find(upload.id)
    assert (found.state, found.attempts, uploads.orders()) == ("queued", 0, [])
    worker.start()
    eventually(lambda: uploads.find(upload.id).is_imported, 30)
    assert len(uploads.orders()) == ORDERS


def test_ticks_run_beside_an_import(uploads: Uploads, conn: psycopg.Connection, worker: Process, beat: Process) -> None:
    upload = uploads.queue(uploads.add(many(ORDERS)))
    with placing_is_blocked(conn, uploads.tenant):
        worker.start()
        eventually(lambda: uploads.find(upload.id).phase == "waiting", 30)
        # The rollups, each 30 s, and several ticks of imports, each 2 s.
        row = conn.execute("SELECT drained_at FROM outbox_readers WHERE name = 'rollups'").fetchone()
        seen = row[0] if row else None

        def rolled() -> bool:
            found = conn.execute("SELECT drained_at FROM outbox_readers WHERE name = 'rollups'").fetchone()
            return found is not None and found[0] != seen

        eventually(rolled, 40)
        assert uploads.find(upload.id).phase == "waiting"
    eventually(lambda: uploads.find(upload.id).is_imported, 30)
