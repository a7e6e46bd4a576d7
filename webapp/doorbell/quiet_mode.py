"""Quiet mode: while the listener looks anyway, writers do not ring. docs/doorbell.md has the protocol and its proof.

    waking ──got the lock──▶ awake ──silence──▶ grace ──no older writer left──▶ asleep
       ▲                                          │                               │
       └───────────────────── something was found ┴───────────────────────────────┘

Whoever leads begins by waking, for the leader before may have silenced writers that commit only now. The one way to
sleep leads through the lock: held, so that nobody else silences; given back; and then every transaction that was open
at that moment seen to its end, since any of them may have found the lock taken and not rung.
"""

from __future__ import annotations

import time
from enum import Enum
from typing import Any

import psycopg

from ..observability import logs
from ..observability.incidents import Incident
from . import connection
from .lock_holders import LockWatch

SAFETY_SECONDS = 5.0  # asleep, the outbox is read this often without a ring: the price of a ring that was lost
SILENT_DRAINS = 3  # this many in a row that find nothing end the quiet: rarer writers are told at once, by their ring
# Part of the queue of notifications. From here on the listener stays awake, because a full queue fails each commit that rings.
AWAKE_FROM = 0.1
GRACE_GROWTH = (
    1.25  # a transaction open for long is looked for ever less often; it shows a quarter of its age late at most
)


log = logs.get("listener")


class State(Enum):
    """The value is what the next drain is for; metrics count drains by these words."""

    WAKING = "waking"  # wants the lock
    AWAKE = "quiet"  # holds it: writers do not ring
    GRACE = "grace"  # gave it back; a transaction that did not ring may still commit
    ASLEEP = "safety"  # every writer rings


class QuietMode:
    """Tells the listener when to drain next. `conn` is the leader's: its locks end with it."""

    def __init__(self, conn: psycopg.Connection[Any], drain_seconds: float) -> None:
        self._conn = conn
        self._drain_seconds = drain_seconds
        self._silent = 0
        self._pause = drain_seconds
        self._grace_until = 0  # every transaction with an older id has to end before the listener sleeps
        self.state = State.WAKING
        self.keep_awake = False  # set from outside: as long as it is, the listener does not let writers ring
        self.seconds = 0.0  # of quiet, in all
        self._watch = LockWatch(
            connection.QUIET_LOCK,
            Incident(
                "the quiet lock",
                "the listener never sleeps: end that session, and let no other role connect",
                state="held by another session",
                again="free",
            ),
        )
        self._since = 0.0

    @property
    def pause(self) -> float:
        """Seconds until the next drain. A ring ends it early, except while awake: then the next drain is near anyway."""
        return SAFETY_SECONDS if self.state is State.ASLEEP else self._pause

    @property
    def must_wake(self) -> bool:
        """Whether the next drain is to come now, so that the listener wakes."""
        return self.keep_awake and self.state in (State.GRACE, State.ASLEEP)

    def drained(self, events: int, snapshot: str) -> None:
        """Go on from a drain that read `events` at `snapshot` (the text of a pg_snapshot)."""
        if self.state is State.AWAKE:
            now = time.monotonic()
            self.seconds, self._since = self.seconds + now - self._since, now
            self._silent = 0 if events or self.keep_awake else self._silent + 1
            if self._silent >= SILENT_DRAINS:
                self._let_ring()
        elif events or self.keep_awake or self.state is State.WAKING:
            self._wake()
        elif self.state is State.GRACE:
            self._wait_out(snapshot)

    def _wake(self) -> None:
        self.state, self._pause = State.WAKING, self._drain_seconds
        # Tried, not waited for: a writer shares the lock for an instant, and the next drain is near.
        row = self._conn.execute("SELECT pg_try_advisory_lock(%s)", [connection.QUIET_LOCK]).fetchone()
        if row and row[0]:
            self.state, self._silent, self._since = State.AWAKE, 0, time.monotonic()
            self._watch.got(log)
        else:
            self._watch.missed(self._conn, log)

    def _let_ring(self) -> None:
        self._conn.execute("SELECT pg_advisory_unlock(%s)", [connection.QUIET_LOCK])
        # An id of our own is newer than that of every writer that found the lock taken. A snapshot's xmax is not: it is
        # one more than the newest id that has ended, and what is open may lie beyond it.
        row = self._conn.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert row is not None
        self._grace_until = int(row[0])
        self.state, self._pause = State.GRACE, 0.0  # at once, for most often that drain is the last

    def _wait_out(self, snapshot: str) -> None:
        xmin = int(snapshot.split(":")[0])  # of all that is open, the oldest
        if xmin >= self._grace_until:
            self.state = State.ASLEEP
        else:
            self._pause = min(max(self._pause * GRACE_GROWTH, self._drain_seconds), SAFETY_SECONDS)
