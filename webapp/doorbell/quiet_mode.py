"""Quiet mode: while the listener polls the outbox, writers do not ring. docs/doorbell.md has the protocol and its proof.

    waking ──got the lock──▶ awake ──no events──▶ grace ──older writers ended──▶ asleep
       ▲                                           │                              │
       └───────────────── events were found ───────┴──────────────────────────────┘

A leader starts in waking, because the previous leader may have silenced writers that commit only now. The only way to
asleep is through the lock: hold it, so that no other session silences writers; release it; then wait until every
transaction that was open at that moment has ended, because any of them may have found the lock taken and not rung.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import Any

import psycopg

from ..observability import logs
from ..observability.incidents import Incident
from . import locks
from .drain_pace import DrainPace
from .lock_holders import LockWatch

# Asleep, the listener drains this often without a ring: the most that a lost ring can cost.
SAFETY_SECONDS = 5.0
# So long without events ends quiet mode. Rarer changes are signalled at once, by their ring.
SILENCE_SECONDS = 0.15
# Part of PostgreSQL's notification queue. From here on the listener stays awake, because a full queue fails each commit
# that rings.
STAY_AWAKE_USAGE = 0.1
# In grace the pause grows by this factor, so the changes of a long transaction appear at most 25 % of its age late.
GRACE_GROWTH = 1.25

log = logs.get("listener")


class State(Enum):
    """The states of quiet mode. Metrics count drains by these values."""

    WAKING = "waking"  # tries to get the lock
    AWAKE = "awake"  # holds it: writers are silent
    GRACE = "grace"  # silenced writers may still commit
    ASLEEP = "asleep"  # every writer rings


class QuietMode:
    """The schedule of a leader's drains. `conn` is the leader's connection: its locks end with it.

    `pace` has the interval between the drains that no ring starts, `clock` returns seconds. `keep_awake` is set by the caller:
    while it is true, writers stay silent. `quiet_seconds` is the total time awake.
    """

    def __init__(
        self, conn: psycopg.Connection[Any], pace: DrainPace, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._conn, self._pace, self._clock = conn, pace, clock
        self._silent_since = 0.0
        self._grace_pause = 0.0
        self._grace_xid = 0  # older transactions must end first
        self.state = State.WAKING
        self.keep_awake = False
        self.quiet_seconds = 0.0
        self._watch = LockWatch(
            locks.QUIET_LOCK,
            Incident(
                "the quiet lock",
                "the listener never sleeps: end that session, and let no other role connect",
                state="held by another session",
                again="free",
            ),
        )
        self._counted_at = 0.0

    @property
    def pause(self) -> float:
        """Seconds until the next drain. A ring shortens it, except while awake, when the next drain is near anyway."""
        if self.state is State.ASLEEP:
            return SAFETY_SECONDS
        return self._grace_pause if self.state is State.GRACE else self._pace.interval

    @property
    def must_wake(self) -> bool:
        """Whether the next drain must run now, so that the listener wakes."""
        return self.keep_awake and self.state in (State.GRACE, State.ASLEEP)

    def drained(self, events: int, snapshot: str) -> None:
        """Choose the next state after a drain that read `events` at `snapshot` (the text of a pg_snapshot)."""
        if self.state is State.AWAKE:
            now = self._clock()
            self.quiet_seconds, self._counted_at = self.quiet_seconds + now - self._counted_at, now
            if events or self.keep_awake:
                self._silent_since = now
            elif now - self._silent_since >= SILENCE_SECONDS:
                self._enter_grace()
        elif events or self.keep_awake or self.state is State.WAKING:
            self._wake()
        elif self.state is State.GRACE:
            self._sleep_after_grace(snapshot)

    def _wake(self) -> None:
        self.state = State.WAKING
        # Do not wait for the lock: a writer shares it only for an instant, and the next drain is near.
        if locks.try_acquire(self._conn, locks.QUIET_LOCK):
            now = self._clock()
            self.state, self._silent_since, self._counted_at = State.AWAKE, now, now
            self._watch.acquired(log)
        else:
            self._watch.not_acquired(self._conn, log)

    def _enter_grace(self) -> None:
        locks.release(self._conn, locks.QUIET_LOCK)
        # An xid of our own is newer than that of every writer that found the lock taken. A snapshot's xmax is not: it is
        # one more than the newest xid that has ended, and open transactions may lie beyond it.
        row = self._conn.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert row is not None
        self._grace_xid = int(row[0])
        # Drain at once, because that drain usually ends grace.
        self.state, self._grace_pause = State.GRACE, 0.0

    def _sleep_after_grace(self, snapshot: str) -> None:
        oldest_open_xid = int(snapshot.split(":")[0])
        if oldest_open_xid >= self._grace_xid:
            self.state = State.ASLEEP
        else:
            self._grace_pause = min(max(self._grace_pause * GRACE_GROWTH, self._pace.longest), SAFETY_SECONDS)
