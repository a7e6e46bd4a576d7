"""The leader: the listener that drains the outbox, on a connection that holds the leader's lock."""

from __future__ import annotations

import time
from collections.abc import Callable

import redis

from ..concurrency.backoff import Backoff
from ..concurrency.stop_signal import StopSignal
from ..config import Config
from ..doorbell import channel
from ..doorbell.connection import Connection
from ..doorbell.drain_pace import DrainPace
from ..doorbell.missed_rings import MissedRings
from ..doorbell.quiet_mode import STAY_AWAKE_USAGE, QuietMode, State
from ..doorbell.self_ring import EVERY_SECONDS, SelfRing
from ..observability import logs
from ..observability.incidents import REMINDER_SECONDS, Incident
from ..observability.metrics import listener as metrics
from ..outbox import cursor as cursors
from ..outbox import drain
from ..outbox.cursor import Cursor
from .heartbeat import BEAT_SECONDS, Heartbeat

# Between two saves of the cursor while signals follow each other. A listener that dies repeats the signals since.
SAVE_SECONDS = 0.2
# The reason for a drain: one of these, or the state of quiet mode.
RING, START = "ring", "start"

log = logs.get("listener")


class Leader:
    """Drains the outbox and publishes its signals until `stop`.

    `on_drained` is called after each drain, `on_events` after each that found events.
    """

    def __init__(
        self,
        conn: Connection,
        client: redis.Redis,
        config: Config,
        stop: StopSignal,
        on_drained: Callable[[], None] = lambda: None,
        on_events: Callable[[], None] = lambda: None,
    ) -> None:
        self._conn, self._redis, self._stop = conn, client, stop
        self._on_drained, self._on_events = on_drained, on_events
        self._pace = DrainPace(config.drain_interval_seconds)
        self._quiet = QuietMode(conn, self._pace)
        self._heartbeat = Heartbeat(conn, client)
        self._self_ring = SelfRing(conn, config.database_url)
        self._missed_rings = MissedRings()
        self._backoff = Backoff()
        self._redis_away = Incident("redis", "signals wait in the outbox; trying again")
        self._unreadable_rings = Incident(
            "a ring", "it causes a drain like any other", state="unreadable", again="readable", settled=REMINDER_SECONDS
        )
        self._queue_full = Incident(
            "PostgreSQL's notification queue",
            "the listener stays awake, so that orders commit; flask doctor names the session that blocks the queue",
            state="filling up",
            again="empty enough",
        )
        self._next_beat = self._next_self_ring = self._next_ring_drain = self._next_save = 0.0
        self._publishing = True  # the last publish succeeded

    def lead(self) -> None:
        """Main loop: LISTEN and prove the bell, then drain from the saved cursor at every ring and whenever it is due."""
        cursor: Cursor | None = None
        open_cursor, reason = drain.open_cursor, START
        try:
            self._start_listening()
            while not self._stop.requested:
                try:
                    if cursor is None:
                        cursor, reason = self._open(open_cursor), START
                    self._run_due_tasks(cursor)
                    cursor = self._drain(cursor, reason)
                    self._heartbeat.save_published(cursor)
                    self._publishing = True
                    self._redis_away.over(log)
                    reason = self._wait_for_next_drain(cursor)
                except cursors.DatabaseRestored as error:
                    log.warning("database was restored from a dump; every page resyncs", error=str(error))
                    metrics.RECONNECTS.labels("restored").inc()
                    cursor, open_cursor = None, drain.reset
                except redis.RedisError as error:
                    # Cursor and quiet mode stay as they are: a ring for events that cannot be published has no use.
                    self._redis_failed(error)
            if cursor is not None and cursor.signalled:
                drain.LISTENER.move(self._conn, cursor)
        finally:
            self._heartbeat.close()
            self._self_ring.close()

    def _start_listening(self) -> None:
        channel.listen(self._conn)
        if (took := self._self_ring.prove()) is not None:
            metrics.SELF_RING_SECONDS.observe(took)
        self._check_queue()

    def _open(self, open_cursor: Callable[[Connection, redis.Redis], Cursor]) -> Cursor:
        self._heartbeat.beat_without_publishing()
        with self._heartbeat.keep_alive():
            cursor = open_cursor(self._conn, self._redis)
        metrics.LEADER.set(1)
        log.info("listening", cursor=cursor.snapshot)
        return cursor

    def _drain(self, cursor: Cursor, reason: str) -> Cursor:
        began = time.monotonic()
        with self._heartbeat.keep_alive():
            drained = drain.drain(self._conn, self._redis, cursor, save=began >= self._next_save)
        if drained.cursor.saved != cursor.saved:
            self._next_save = began + SAVE_SECONDS
        self._pace.drained(drained.events, time.monotonic() - began)
        self._on_drained()
        if drained.events:
            self._on_events()
        # A ring without events came from another role. Many such rings must not cause as many drains.
        if reason == RING and not drained.events:
            self._next_ring_drain = time.monotonic() + self._pace.longest
        metrics.DRAINS.labels(reason).inc()
        metrics.CURSOR_AGE.renew()
        self._missed_rings.drained(reason, drained.events)
        before = self._quiet.quiet_seconds
        self._quiet.drained(drained.events, drained.cursor.snapshot)
        metrics.QUIET_SECONDS.inc(self._quiet.quiet_seconds - before)
        self._backoff.reset()
        return drained.cursor

    def _wait_for_next_drain(self, cursor: Cursor) -> str:
        """Wait until a drain is due or a ring arrives; returns the reason for it. Runs due tasks meanwhile.

        A ring causes a drain at once. After a ring without events the next such drain waits `drain_interval_seconds`.
        """
        due, reason = time.monotonic() + self._quiet.pause, self._quiet.state.value
        while not self._stop.requested:
            next_task = min(self._next_beat, self._next_self_ring)
            rings = self._receive_rings(min(due, next_task) - time.monotonic())
            if rings and self._quiet.state is not State.AWAKE and self._next_ring_drain < due:
                due, reason = self._next_ring_drain, RING
            if time.monotonic() >= due:
                break
            self._run_due_tasks(cursor)
            if self._quiet.must_wake:
                return self._quiet.state.value
        return reason

    def _receive_rings(self, seconds: float) -> int:
        """The number of rings within `seconds`, our own not counted. The first ring ends the wait."""
        count = 0
        for ring in self._conn.wait_for_rings(seconds, self._stop):
            try:
                if (took := self._self_ring.receive(ring)) is not None:
                    metrics.SELF_RING_SECONDS.observe(took)
                count += not ring.is_self_ring
            # Any role can send any ring, and none of them may end the loop.
            except Exception as error:
                self._unreadable_rings.fault(log, type(error).__name__, error)
                count += 1
        metrics.RINGS_RECEIVED.inc(count)
        self._missed_rings.received(count)
        return count

    def _run_due_tasks(self, cursor: Cursor) -> None:
        """Send the heartbeat and the self-ring, and check the saved cursor and the queue, each when it is due."""
        now = time.monotonic()
        if now >= self._next_beat:
            if self._publishing:
                self._heartbeat.beat(cursor)
            else:
                self._heartbeat.beat_without_publishing()
            self._self_ring.check()
            self._next_beat = now + BEAT_SECONDS
        if now >= self._next_self_ring:
            drain.LISTENER.check(self._conn, cursor)
            self._self_ring.ring()
            self._check_queue()
            self._next_self_ring = now + EVERY_SECONDS

    def _check_queue(self) -> None:
        """Stay awake while the queue fills up: a full queue fails the commits that ring, and then none has to."""
        usage = self._self_ring.queue_usage
        metrics.QUEUE_USAGE.set(usage)
        self._quiet.keep_awake = usage >= STAY_AWAKE_USAGE
        if self._quiet.keep_awake:
            refused = "PostgreSQL refused the listener's own ring" if self._self_ring.was_refused else None
            self._queue_full.fault(log, "queue", refused, used=f"{usage:.0%}")
        else:
            self._queue_full.over(log)

    def _redis_failed(self, error: redis.RedisError) -> None:
        self._publishing = False
        metrics.FAULTS.labels("redis").inc()
        if self._redis_away.fault(log, "redis", error):
            metrics.RECONNECTS.labels("redis").inc()
        self._receive_rings(self._backoff.next())
