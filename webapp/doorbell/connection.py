"""The listener's connection to PostgreSQL: it receives rings, and gives up on a server that does not respond."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

import psycopg
from psycopg.pq import PGnotify
from psycopg.pq.abc import PGconn
from psycopg.rows import RowFactory, TupleRow, tuple_row

from ..postgres import session as pg_session
from ..postgres.session import NotAPrimary as NotAPrimary
from ..postgres.session import WaitTimeout
from .channel import Ring

# A server that sends nothing for this long, in answer to a statement, counts as gone.
TIMEOUT_SECONDS = 5.0
APPLICATION_NAME = "doorbell listener"

# A vanished host sends no RST. The client probes after 3 s of silence and gives up 6 s later.
KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 9000,  # milliseconds
}
# The same on the server's side, which frees the locks of a leader that vanished.
SERVERS_KEEPALIVE = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "9000",
}
_BACKEND = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"


class ServerNotResponding(psycopg.OperationalError):
    """The server sent nothing within `timeout_seconds`, not even the end of the connection."""


class Wakeable(Protocol):
    """An object that ends a wait early: its descriptor becomes readable."""

    def fileno(self) -> int: ...


class Connection(psycopg.Connection[TupleRow]):
    """A connection with a timeout for every statement. psycopg alone would wait without end.

    Rings are kept as bytes. Any role may send any bytes, and in a database without an encoding (SQL_ASCII) psycopg's
    decoding of them would raise in the middle of another statement.
    """

    timeout_seconds = TIMEOUT_SECONDS

    def __init__(self, pgconn: PGconn, row_factory: RowFactory[TupleRow] = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self._rings: list[Ring] = []
        pgconn.notify_handler = self._on_notify

    def _on_notify(self, notification: PGnotify) -> None:
        self._rings.append(Ring(notification.extra))

    def read_rings(self) -> list[Ring]:
        """The rings that have arrived, without waiting. Raises psycopg.OperationalError when the connection is lost."""
        self.pgconn.consume_input()
        self._collect_rings()
        rings, self._rings = self._rings, []
        return rings

    def wait_for_rings(self, seconds: float, wake: Wakeable | None = None) -> list[Ring]:
        """The rings that have arrived, or the first ones within `seconds`. None when time is up or `wake` is readable."""
        # A ring that came with a statement's answer is in the client already, and the socket is not readable for it.
        rings = self.read_rings()
        if not rings and seconds > 0:
            select.select([self] if wake is None else [self, wake], [], [], seconds)
            rings = self.read_rings()
        return rings

    def _collect_rings(self) -> bool:
        """Keep the rings that libpq has read; returns whether there were any."""
        before = len(self._rings)
        while notification := self.pgconn.notifies():
            self._on_notify(notification)
        return len(self._rings) > before

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        # With a timeout psycopg waits for notifications, and receiving none is a normal end.
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        while True:
            try:
                return super().wait(gen, interval, self.timeout_seconds)
            except WaitTimeout:
                # The server does respond while a flood of rings stands before the answer.
                if self._collect_rings():
                    continue
                # The answer was read in part, so this connection is useless.
                self.pgconn.finish()
                raise ServerNotResponding(f"PostgreSQL did not respond for {self.timeout_seconds:g} s") from None

    @contextmanager
    def with_timeout(self, seconds: float) -> Iterator[None]:
        """Use another timeout inside the block, for statements that take long by nature."""
        before, self.timeout_seconds = self.timeout_seconds, seconds
        try:
            yield
        finally:
            self.timeout_seconds = before


@dataclass(frozen=True)
class Session:
    """One backend of the server, by process id and start: the system reuses process ids.

    `backend_start` is None for the session of another role, unless ours is a member of pg_read_all_stats.
    """

    pid: int
    backend_start: str | None


def connect(database_url: str, application_name: str = APPLICATION_NAME) -> Connection:
    """A connection for one reader of the outbox, in autocommit, so that no transaction delays a snapshot or a NOTIFY.

    Raises psycopg.OperationalError, NotAPrimary and ReadOnly among them.
    """
    conn = pg_session.connect(
        database_url,
        application_name,
        autocommit=True,
        limits={**pg_session.NO_LIMITS, **SERVERS_KEEPALIVE},
        prepared=True,  # every drain runs the same statements
        kind=Connection,
        **KEEPALIVE,
    )
    return cast(Connection, conn)


def session(conn: psycopg.Connection[Any]) -> Session:
    """The server's backend behind this connection, also through a pooler."""
    row = conn.execute(_BACKEND).fetchone()
    assert row is not None
    return Session(row[0], row[1])
