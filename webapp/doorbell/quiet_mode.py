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
from enum import Enum
from typing import Any

import psycopg

from ..observability import logs
from ..observability.incidents import Incident
from . import locks
from .lock_holders import LockWatch

# Asleep, the listener drains this often without a ring: the most that a lost ring can cost.
SAFETY_SECONDS = 5.0
# This many empty drains in a row end quiet mode. Rarer changes are signalled at once, by their ring.
EMPTY_DRAINS = 3
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

    `keep_awake` is set by the caller: while it is true, writers stay silent. `quiet_seconds` is the total time awake.
    """

    def __init__(self, conn: psycopg.Connection[Any], drain_seconds: float) -> None:
        self._conn = conn
        self._drain_seconds = drain_seconds
        self._empty_drains = 0
        self._pause = drain_seconds
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
        return SAFETY_SECONDS if self.state is State.ASLEEP else self._pause

    @property
    def must_wake(self) -> bool:
        """Whether the next drain must run now, so that the listener wakes."""
        return self.keep_awake and self.state in (State.GRACE, State.ASLEEP)

    def drained(self, events: int, snapshot: str) -> None:
        """Choose the next state after a drain that read `events` at `snapshot` (the text of a pg_snapshot)."""
        if self.state is State.AWAKE:
            now = time.monotonic()
            self.quiet_seconds, self._counted_at = self.quiet_seconds + now - self._counted_at, now
            self._empty_drains = 0 if events or self.keep_awake else self._empty_drains + 1
            if self._empty_drains >= EMPTY_DRAINS:
                self._enter_grace()
        elif events or self.keep_awake or self.state is State.WAKING:
            self._wake()
        elif self.state is State.GRACE:
            self._sleep_after_grace(snapshot)

    def _wake(self) -> None:
        self.state, self._pause = State.WAKING, self._drain_seconds
        # Do not wait for the lock: a writer shares it only for an instant, and the next drain is near.
        if locks.try_acquire(self._conn, locks.QUIET_LOCK):
            self.state, self._empty_drains, self._counted_at = State.AWAKE, 0, time.monotonic()
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
        self.state, self._pause = State.GRACE, 0.0

    def _sleep_after_grace(self, snapshot: str) -> None:
        oldest_open_xid = int(snapshot.split(":")[0])
        if oldest_open_xid >= self._grace_xid:
            self.state = State.ASLEEP
        else:
            self._pause = min(max(self._pause * GRACE_GROWTH, self._drain_seconds), SAFETY_SECONDS)
