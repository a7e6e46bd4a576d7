"""The doorbell: one connection that LISTENs, and the locks that say who answers it and whether anybody need ring.

A ring only says "look". The tables are the truth, so a lost ring costs at most the time to the next safety drain.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import psycopg
from psycopg.errors import _WaitTimeout
from psycopg.pq import PGnotify
from psycopg.pq.abc import PGconn
from psycopg.rows import RowFactory, TupleRow, tuple_row

from ..postgres import session as pg_session
from ..postgres.session import NotAPrimary as NotAPrimary

CHANNEL = "doorbell_v1"
LEADER_LOCK = 0x00D0_0BE1  # advisory, a database's own: whoever holds it drains the outbox
QUIET_LOCK = 0x00D0_0BE3  # held by a leader that looks anyway: who writes need not ring (migrations/sql/0003)
SELF_RING = b'{"self": "'  # how the payload of a ring begins that a listener sends to itself
ANSWER_SECONDS = 5.0  # a server that says nothing for so long is taken for gone
APPLICATION_NAME = "doorbell listener"

# A vanished host sends no RST. Asked after 3 s of silence, given up 6 s after that: the client's side …
KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 9000,  # milliseconds
}
# … and the server's, which frees a vanished leader's locks.
SERVERS_KEEPALIVE = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "9000",
}
_WHO = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"

R = TypeVar("R")


class ServerNotResponding(psycopg.OperationalError):
    """The server fell silent: nothing came within `answer_seconds`, not even the end of the connection."""


class Connection(psycopg.Connection[TupleRow]):
    """A connection that gives up on a silent server: psycopg itself waits for ever for an answer that never comes.

    `answer_seconds` bounds every statement. Rings are kept as bytes: any role may send any bytes, and in a database
    without an encoding (SQL_ASCII) psycopg's own reading of them raises in the middle of another statement's answer.
    """

    answer_seconds = ANSWER_SECONDS

    def __init__(self, pgconn: PGconn, row_factory: RowFactory[TupleRow] = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self._rings: list[Ring] = []
        pgconn.notify_handler = self._hear

    def _hear(self, ring: PGnotify) -> None:
        self._rings.append(Ring(ring.extra))

    def rings(self) -> list[Ring]:
        """The rings that have arrived, without waiting. Raises psycopg.OperationalError when the connection is lost."""
        self.pgconn.consume_input()
        self._take_rings()
        rings, self._rings = self._rings, []
        return rings

    def _take_rings(self) -> bool:
        """Take the rings that libpq has read; returns whether there were any."""
        before = len(self._rings)
        while ring := self.pgconn.notifies():
            self._hear(ring)
        return len(self._rings) > before

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if timeout is not None:  # a wait for rings: that nothing comes is its normal end
            return super().wait(gen, interval, timeout)
        while True:
            try:
                return super().wait(gen, interval, self.answer_seconds)
            except _WaitTimeout:
                if self._take_rings():  # the server is not silent: a flood of rings stands in line before the answer
                    continue
                self.pgconn.finish()  # in the middle of an answer: nothing more can be asked here
                raise ServerNotResponding(f"PostgreSQL said nothing for {self.answer_seconds:g} s") from None

    @contextmanager
    def patient(self, seconds: float) -> Iterator[None]:
        """More time for an answer that takes long by nature."""
        before, self.answer_seconds = self.answer_seconds, seconds
        try:
            yield
        finally:
            self.answer_seconds = before


@dataclass(frozen=True)
class Session:
    """One backend of the server. Process ids are used again; together with their start they are not.

    `backend_start` is None for the session of another role, unless ours is a member of pg_read_all_stats.
    """

    pid: int
    backend_start: str | None


class Ring(NamedTuple):
    """One NOTIFY as it arrived. Nothing parses the payload: any role that may connect chooses its bytes."""

    payload: bytes

    @property
    def is_a_self_ring(self) -> bool:
        """Whether a listener (or the doctor) rang to prove a bell: such a ring says nothing about orders."""
        return self.payload.startswith(SELF_RING)


class Wakeable(Protocol):
    """What ends a wait from outside: something with a descriptor that becomes readable."""

    def fileno(self) -> int: ...


def connect(database_url: str, application_name: str = APPLICATION_NAME) -> Connection:
    """A connection for one reader of the outbox: autocommit, so that no snapshot and no NOTIFY waits in a transaction.

    Raises psycopg.OperationalError, NotAPrimary and ReadOnly among them.
    """
    conn = pg_session.connect(
        database_url,
        application_name,
        autocommit=True,
        limits={**pg_session.NO_LIMITS, **SERVERS_KEEPALIVE},
        prepared=True,  # the same few statements, drain after drain
        kind=Connection,
        **KEEPALIVE,
    )
    return cast(Connection, conn)


def session(conn: psycopg.Connection[Any]) -> Session:
    """The server's backend that answers."""
    row = conn.execute(_WHO).fetchone()
    assert row is not None
    return Session(row[0], row[1])


def try_lead(conn: psycopg.Connection[Any]) -> bool:
    """Take the leader's lock if it is free. It is held until the connection ends, so a killed leader frees it at once."""
    row = conn.execute("SELECT pg_try_advisory_lock(%s)", [LEADER_LOCK]).fetchone()
    return bool(row and row[0])


def listen(conn: psycopg.Connection[Any]) -> None:
    conn.execute(f"LISTEN {CHANNEL}")


def wait_for_rings(conn: Connection, seconds: float, wake: Wakeable | None = None) -> list[Ring]:
    """The rings that have come, or that come first within `seconds`; none when time is up or `wake` is readable."""
    rings = (
        conn.rings()
    )  # what came with the answer to a statement lies in the client already, and no socket tells of it
    if not rings and seconds > 0:
        select.select([conn] if wake is None else [conn, wake], [], [], seconds)
        rings = conn.rings()
    return rings


def wait_for_ring(conn: Connection, seconds: float) -> bool:
    """Wait for a ring, at most `seconds`; returns whether one came. Rings that came meanwhile count."""
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        if wait_for_rings(conn, left):
            return True
        if left <= 0:
            return False
