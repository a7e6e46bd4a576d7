"""A trial of a reader: it is killed at random while writers write, until it has read everything."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from webapp.outbox.diff import Diff, OutboxEvent, ReaderMoved
from webapp.outbox.reader import Reader

from .order_writers import Handled, OpenTransaction, RandomWriter, count_of, stop_all
from .world import Service

WRITERS = 6
POLL_SECONDS = 0.005

# Reads until there are no more events if `is_last`, else without end. It can be killed at each `yield`.
Reading = Callable[[psycopg.Connection, Handled, bool], Iterator[None]]


class InOrder:
    """A reader as docs/architecture.md shows it. The wrong ones change one part of it."""

    reader = Reader("trial")
    limit = 7

    def __call__(self, conn: psycopg.Connection, handled: Handled, is_last: bool) -> Iterator[None]:
        while (diff := self.begin(conn)) or not is_last:
            if diff is None:
                threading.Event().wait(POLL_SECONDS)
                continue
            yield
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

    def run(
        self, read: Reading, seconds: float, is_enough: Callable[[Handled], bool] = lambda _handled: True
    ) -> Handled:
        """Run for these seconds; on a busy machine for up to ten times as long, until it was enough."""
        Reader("trial").save(self.admin, Reader("trial").present(self.admin))
        try:
            with self.open:
                for writer in self.writers:
                    writer.start()
                began = time.monotonic()
                deadline, last = began + seconds, began + 10 * seconds
                while time.monotonic() < deadline or (not is_enough(self.handled) and time.monotonic() < last):
                    self._run_until_killed(read, max(deadline, time.monotonic() + seconds / 4))
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
                    if self.random.random() < 0.02 or time.monotonic() > deadline:
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
