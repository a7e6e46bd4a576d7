"""The self-ring (a loopback test): a listener proves that rings reach it, because silence alone proves nothing.

A second session rings with a random token, and the LISTEN connection must receive it within the deadline. The ring takes
the way of every other: PostgreSQL's queue, and any proxy or pooler in between.
"""

from __future__ import annotations

import secrets
import time

import psycopg

from . import channel, connection
from .channel import Ring

EVERY_SECONDS = 4.0
# Together with EVERY_SECONDS: a dead connection is noticed within 8 s.
DEADLINE_SECONDS = 4.0

_RING = "SELECT pg_notify(%s, %s), pg_notification_queue_usage()"
_USAGE = "SELECT pg_notification_queue_usage()"


class SelfRingTimeout(psycopg.OperationalError):
    """The listener's own ring did not arrive: the LISTEN connection is dead, or a pooler drops LISTEN."""


class SelfRing:
    """Sends rings and matches them with the received ones. `conn` is the connection that LISTENs.

    `queue_usage` is how full PostgreSQL's notification queue was at the last ring, 0 to 1. `was_refused` is whether a full
    queue refused that ring.
    """

    def __init__(self, conn: connection.Connection, database_url: str) -> None:
        self._conn = conn
        self._sender = connection.connect(database_url, "doorbell self-ring")
        self._payload = b""
        self._sent_at: float | None = None
        self._received_at = 0.0  # of any ring
        self.queue_usage = 0.0
        self.was_refused = False

    def close(self) -> None:
        self._sender.close()

    def ring(self) -> None:
        """Send a ring, and read the queue's usage in the same statement.

        A ring that a full queue refuses proves nothing. No ring passes then, and an awake listener needs none.
        """
        self._payload = channel.SELF_RING_PREFIX + secrets.token_hex(8).encode() + b'"}'
        self._sent_at, self.was_refused = time.monotonic(), False
        try:
            row = self._sender.execute(_RING, [channel.CHANNEL, self._payload.decode()]).fetchone()
        except psycopg.errors.ProgramLimitExceeded:
            self.was_refused, self._sent_at = True, None
            row = self._sender.execute(_USAGE).fetchone()
        self.queue_usage = float(row[-1]) if row else 0.0

    def receive(self, ring: Ring) -> float | None:
        """The seconds that our ring took, if `ring` has exactly the bytes that were sent; otherwise None."""
        self._received_at = time.monotonic()
        if self._sent_at is None or ring.payload != self._payload:
            return None
        took, self._sent_at = self._received_at - self._sent_at, None
        return took

    def check(self) -> None:
        """Raises SelfRingTimeout once the ring is overdue.

        Other rings that arrive prove the connection too: in a flood of them ours waits in line.
        """
        if self._sent_at is None:
            return
        if time.monotonic() - max(self._sent_at, self._received_at) > DEADLINE_SECONDS:
            raise SelfRingTimeout(f"no ring of our own arrived within {DEADLINE_SECONDS:g} s; {self._likely_cause()}")

    def prove(self) -> float | None:
        """Send one ring and wait for it. Returns the seconds it took, or None when a full queue refused it.

        Raises SelfRingTimeout with the likely cause.
        """
        self.ring()
        while not self.was_refused:
            for ring in self._conn.wait_for_rings(0.1):
                if (took := self.receive(ring)) is not None:
                    return took
            self.check()
        return None

    def _likely_cause(self) -> str:
        """A pooler announces process ids of its own, which differ from the backend's."""
        if self._sender.info.backend_pid == connection.session(self._sender).pid:
            return "check the network between this host and PostgreSQL"
        return (
            "a pooler between this host and PostgreSQL drops LISTEN (PgBouncer does in transaction mode). "
            "Set DATABASE_URL to PostgreSQL's own address, or to a pool in session mode"
        )
