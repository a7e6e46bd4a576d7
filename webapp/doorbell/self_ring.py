"""The self-ring: a listener proves its bell. Nothing that came is no proof that nothing was sent.

A second session rings with a token, and the LISTEN connection has to hear it within the deadline: through the trigger's
own channel, PostgreSQL's queue, and whatever stands between (a proxy that stalls, a pooler that swallows LISTEN).
"""

from __future__ import annotations

import secrets
import time

import psycopg

from . import connection
from .connection import Ring

EVERY_SECONDS = 4.0
DEADLINE_SECONDS = 4.0  # together with EVERY_SECONDS: a silent connection is noticed within 8 s

_RING = "SELECT pg_notify(%s, %s), pg_notification_queue_usage()"
_USED = "SELECT pg_notification_queue_usage()"


class SelfRingTimeout(psycopg.OperationalError):
    """A ring of our own did not come back: the LISTEN connection is dead, or something between swallows LISTEN."""


class SelfRing:
    """`ring` now and then, `hear` what came; `check` raises BellNotHeard once a ring is overdue."""

    def __init__(self, conn: connection.Connection, database_url: str) -> None:
        self._conn = conn  # the one that LISTENs
        self._ringer = connection.connect(database_url, "doorbell self-ring")
        self._payload = b""
        self._sent: float | None = None
        self.used = 0.0  # how full PostgreSQL's queue of notifications was at the last ring, 0 to 1
        self.was_refused = False  # the last ring, because that queue is full
        self._heard = 0.0  # when any ring came last

    def close(self) -> None:
        self._ringer.close()

    def ring(self) -> None:
        """Ring, and ask how full the queue is in the same statement. A ring that a full queue refuses proves nothing: no
        ring gets through then, and none is needed while the listener is awake."""
        self._payload, self._sent = connection.SELF_RING + secrets.token_hex(8).encode() + b'"}', time.monotonic()
        self.was_refused = False
        try:
            row = self._ringer.execute(_RING, [connection.CHANNEL, self._payload.decode()]).fetchone()
        except psycopg.errors.ProgramLimitExceeded:
            self.was_refused, self._sent = True, None
            row = self._ringer.execute(_USED).fetchone()
        self.used = float(row[-1]) if row else 0.0

    def hear(self, ring: Ring) -> float | None:
        """The seconds that our own ring took, when this is it: the very bytes that were sent."""
        self._heard = time.monotonic()
        if self._sent is None or ring.payload != self._payload:
            return None
        took, self._sent = self._heard - self._sent, None
        return took

    def check(self) -> None:
        """Raises BellNotHeard. While others' rings come in the bell works, and ours stands in line behind a flood of them."""
        if self._sent is not None and time.monotonic() - max(self._sent, self._heard) > DEADLINE_SECONDS:
            raise SelfRingTimeout(
                f"a ring of our own was not heard for {DEADLINE_SECONDS:g} s{self._who_swallows_it()}"
            )

    def prove(self) -> float | None:
        """Ring once and wait for it; returns the seconds it took, None when a full queue refused it.

        Raises BellNotHeard with what is likely to blame.
        """
        self.ring()
        while not self.was_refused:
            for ring in connection.wait_for_rings(self._conn, 0.1):
                if (took := self.hear(ring)) is not None:
                    return took
            self.check()
        return None

    def _who_swallows_it(self) -> str:
        """A pooler hands out process ids of its own, which the server's answer tells from the real ones."""
        told = self._ringer.info.backend_pid
        if told == connection.session(self._ringer).pid:
            return "; is the network between here and PostgreSQL alive?"
        return (
            "; a pooler stands between here and PostgreSQL and swallows LISTEN (PgBouncer does in transaction mode). "
            "Give PostgreSQL's own address in DATABASE_URL, or one of a pool in session mode"
        )
