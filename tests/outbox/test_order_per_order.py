"""A reader that is killed at random while writers write: it handles every event, per order in the order of the commits.

The same trial finds each of the mistakes that look right, so it would find them in the reader too.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from webapp.outbox.diff import Diff, OutboxEvent, ReaderMoved
from webapp.outbox.reader import Reader

from ..support.order_writers import Handled, OpenTransaction, RandomWriter, count_of, stop_all, violations
from ..support.processes import ROOT
from ..support.world import Service, World

WRITERS = 6
SECONDS = 5.0
# A wrong reader is found in the first second, as a rule.
MAX_TRIALS = 8

# Reads until there are no more events if `is_last`, else without end. It can be killed at each `yield`.
Reading = Callable[[psycopg.Connection, Handled, bool], Iterator[None]]


class InOrder:
    """A reader as docs/architecture.md shows it. The wrong ones change one part of it."""

    reader = Reader("trial")
    limit = 7

    def __call__(self, conn: psycopg.Connection, handled: Handled, is_last: bool) -> Iterator[None]:
        while (diff := self.begin(conn)) or not is_last:
            yield
            if diff is None:
                continue
            while events := diff.read(self.limit):
                yield
                for event in self.sort(conn, events):
                    handled.handle(event.id, event.order_id, count_of(event.type, event.old_values, event.new_values))
                    yield
                diff.advance(events[-1].id)
                handled.saved()
                yield
            diff.finish()
            yield

    def begin(self, conn: psycopg.Connection) -> Diff | None:
        return self.reader.begin(conn)

    def sort(self, _conn: psycopg.Connection, events: list[OutboxEvent]) -> list[OutboxEvent]:
        return events


class Trial:
    """Writers and a reader for some seconds, then the reader alone until it has read everything."""

    def __init__(self, service: Service, tenant_id: int, seed: int) -> None:
        self.service, self.random = service, random.Random(seed)
        self.handled = Handled()
        self.stop = threading.Event()
        self.writers = [RandomWriter(service, tenant_id, seed * 100 + n, self.stop) for n in range(WRITERS)]
        self.open = OpenTransaction(service, tenant_id)
        self.admin = psycopg.connect(service.database_url, autocommit=True)

    def run(self, read: Reading, seconds: float) -> Handled:
        Reader("trial").save(self.admin, Reader("trial").present(self.admin))
        try:
            with self.open:
                for writer in self.writers:
                    writer.start()
                deadline = time.monotonic() + seconds
                while time.monotonic() < deadline:
                    self._run_until_killed(read, deadline)
                stop_all(self.writers, self.stop)
            with self._connect() as conn:
                for _step in read(conn, self.handled, True):
                    pass
        finally:
            stop_all(self.writers, self.stop)
        return self.handled

    def _run_until_killed(self, read: Reading, deadline: float) -> None:
        """Run the reader, and end its session before one of its steps, or in the middle of a statement."""
        with self._connect() as conn, self._killed_in_a_statement(conn.info.backend_pid):
            try:
                for _step in read(conn, self.handled, False):
                    if self.random.random() < 0.004 or time.monotonic() > deadline:
                        break
            # The server may complete a statement of the session before: its position is then newer than the one read.
            except (psycopg.OperationalError, ReaderMoved):
                pass
        self.handled.crashed()

    @contextmanager
    def _killed_in_a_statement(self, pid: int) -> Iterator[None]:
        done, seconds = threading.Event(), self.random.uniform(0.05, 0.5)

        def kill() -> None:
            if not done.wait(seconds):
                self.admin.execute("SELECT pg_terminate_backend(%s)", [pid])

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            yield
        finally:
            done.set()
            killer.join()

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.service.database_url, autocommit=True)


@pytest.mark.parametrize("seed", [1, 2])
def test_each_event_is_handled_in_the_order_of_its_orders_commits(service: Service, world: World, seed: int) -> None:
    tenant = world.tenant()
    trial = Trial(service, tenant, seed)
    handled = trial.run(InOrder(), SECONDS)
    assert violations(handled, world.conn, tenant) == []
    assert handled.events > 1000
    assert len(handled.in_flight) > 5
    assert handled.repeats > 0, "no crash hit a page in flight"
    assert any(writer.conflicts for writer in trial.writers), "no two writers met"


# Mistakes that look right ---------------------------------------------------------------------------------------------------


class SortedByXid(InOrder):
    """A whole diff at once, by transaction and id."""

    limit = 1_000_000

    def sort(self, conn: psycopg.Connection, events: list[OutboxEvent]) -> list[OutboxEvent]:
        by_xid = "SELECT id FROM order_events WHERE id = ANY (%s) ORDER BY xid, id"
        place = {id: n for n, (id,) in enumerate(conn.execute(by_xid, [[event.id for event in events]]))}
        return sorted(events, key=lambda event: place[event.id])


class WithANewTarget(InOrder):
    """After a crash it continues after the last id, but with a new second snapshot: only (S1, last_id) count as saved."""

    def begin(self, conn: psycopg.Connection) -> Diff | None:
        conn.execute("UPDATE outbox_readers SET target = pg_current_snapshot() WHERE target IS NOT NULL")
        return super().begin(conn)


class FromTheStart(InOrder):
    """After a crash it reads from the first snapshot again: only S1 counts as saved."""

    def begin(self, conn: psycopg.Connection) -> Diff | None:
        conn.execute("UPDATE outbox_readers SET target = NULL, last_id = NULL")
        return super().begin(conn)


class AfterAPosition:
    """Reads the events that come after a saved position, in pages."""

    limit = 7

    def __init__(self, columns: str, condition: str) -> None:
        row = f"ROW({columns})"
        self.statement = f"""
        SELECT {columns}, id, order_id, type, old_values, new_values FROM order_events
        WHERE {row} > ROW({", ".join("%s" for _ in columns.split(","))}) AND {condition}
        ORDER BY {columns} LIMIT {self.limit}"""
        self.saved = [0 for _ in columns.split(",")]

    def __call__(self, conn: psycopg.Connection, handled: Handled, is_last: bool) -> Iterator[None]:
        while (rows := conn.execute(self.statement, self.saved).fetchall()) or not is_last:
            yield
            for *_, id, order_id, type, old, new in rows:
                handled.handle(id, order_id, count_of(type, old, new))
                yield
            if rows:
                self.saved = list(rows[-1][: len(self.saved)])
                handled.saved()
            yield


def below_the_oldest_open_transaction() -> AfterAPosition:
    xid = "xid::text::bigint"
    return AfterAPosition(f"{xid}, id", "xid < pg_snapshot_xmin(pg_current_snapshot())")


@pytest.mark.parametrize(
    ("reading", "violation"),
    [
        (SortedByXid, "misplaced"),
        (WithANewTarget, "lost"),
        (FromTheStart, "repeated"),
        (below_the_oldest_open_transaction, "misplaced"),
        (lambda: AfterAPosition("id", "true"), "lost"),
    ],
    ids=[
        "sorted by xid",
        "a new S2 after a crash",
        "only S1 saved",
        "xid below xmin, sorted by xid",
        "above the last id",
    ],
)
def test_the_trial_finds_a_wrong_reader(
    service: Service, world: World, reading: Callable[[], Reading], violation: str
) -> None:
    found: list[str] = []
    for number in range(MAX_TRIALS):
        tenant = world.tenant(f"trial-{number}")
        world.conn.execute("TRUNCATE order_events")
        handled = Trial(service, tenant, number).run(reading(), 1.5)
        found = violations(handled, world.conn, tenant)
        if any(text.startswith(violation) for text in found):
            return
    pytest.fail(f"{MAX_TRIALS} trials found only {found}")


# The same with processes ----------------------------------------------------------------------------------------------------


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_a_reader_process_that_is_killed_loses_and_reorders_nothing(service: Service, world: World) -> None:
    tenant, rng, stop, handled = world.tenant(), random.Random(11), threading.Event(), Handled()
    Reader("trial").save(world.conn, Reader("trial").present(world.conn))
    writers = [RandomWriter(service, tenant, n, stop) for n in range(WRITERS)]
    deadline = time.monotonic() + 90
    with OpenTransaction(service, tenant):
        for writer in writers:
            writer.start()
        while time.monotonic() < deadline:
            _run_process(service, handled, rng.uniform(0.01, 1.5))
        stop_all(writers, stop)
    _run_process(service, handled, None)
    assert violations(handled, world.conn, tenant) == []
    assert len(handled.in_flight) > 20
    assert handled.repeats > 0


def _run_process(service: Service, handled: Handled, seconds: float | None) -> None:
    """Run a reader until it has handled its first event, then for `seconds` until SIGKILL; without `seconds` to its end."""
    command = [sys.executable, "-m", "tests.support.apps.ordered_reader", service.database_url]
    if seconds is None:
        command.append("--to-the-end")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        killer = None
        for line in process.stdout:
            if seconds is not None and killer is None:
                killer = threading.Timer(seconds, process.kill)
                killer.start()
            if not line.endswith("\n"):
                break  # killed while it wrote
            message = json.loads(line)
            handled.saved() if message == "saved" else handled.handle(*message)
        if killer is not None:
            killer.cancel()
            killer.join()
    if seconds is not None:
        handled.crashed()
