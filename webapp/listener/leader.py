"""The leader: the listener that answers the doorbell, on a connection that holds the leader's lock."""

from __future__ import annotations

import time
from collections.abc import Callable

import redis

from ..concurrency.backoff import Backoff
from ..concurrency.stop_signal import StopSignal
from ..config import Config
from ..doorbell import connection
from ..doorbell.missed_rings import MissedRings
from ..doorbell.quiet_mode import AWAKE_FROM, QuietMode, State
from ..doorbell.self_ring import EVERY_SECONDS, SelfRing
from ..observability import logs
from ..observability.incidents import REMINDER_SECONDS, Incident
from ..observability.metrics import listener as metrics
from ..outbox import cursor as cursors
from ..outbox import drain
from ..outbox.cursor import Cursor
from .heartbeat import BEAT_SECONDS, Heartbeat

RING = "ring"  # why a drain runs, beside the states of quiet mode

log = logs.get("listener")


class Leader:
    """The listener that answers the bell, on a connection that holds the leader's lock."""

    def __init__(
        self,
        conn: connection.Connection,
        client: redis.Redis,
        config: Config,
        stop: StopSignal,
        is_answering: Callable[[], None] = lambda: None,
    ) -> None:
        self._conn, self._redis, self._stop, self._is_answering = conn, client, stop, is_answering
        self._quiet = QuietMode(conn, config.drain_interval_seconds)
        self._heartbeat = Heartbeat(conn, client)
        self._self_ring = SelfRing(conn, config.database_url)
        self._lost_bells = MissedRings()
        self._back_off = Backoff()
        self._redis_away = Incident("redis", "nothing is lost, and nothing is published; trying again")
        self._odd_rings = Incident(
            "a ring", "it is passed over", state="unreadable", again="readable", settled=REMINDER_SECONDS
        )
        self._queue_full = Incident(
            "PostgreSQL's queue of notifications",
            "the listener stays awake, so that orders commit; flask doctor names the session that holds it up",
            state="filling up",
            again="empty enough",
        )
        self._floor = config.drain_interval_seconds
        self._next_beat = self._next_proof = self._next_answer = 0.0
        self._publishing = True  # what was read last went out

    def answer(self) -> None:
        """The crux: listen first, prove the bell, then drain from the saved cursor, and at every ring or when it is time."""
        cursor: Cursor | None = None
        open_cursor, why = drain.open_cursor, "start"
        try:
            connection.listen(self._conn)
            if (took := self._self_ring.prove()) is not None:
                metrics.SELF_RING_SECONDS.observe(took)
            self._look_at_the_queue()
            while not self._stop.asked:
                try:
                    if cursor is None:
                        self._heartbeat.beat_without_publishing()
                        with self._heartbeat.kept():
                            cursor, why = open_cursor(self._conn, self._redis), "start"
                        metrics.LEADER.set(1)
                        log.info("listening", cursor=cursor.snapshot)
                    self._chores(cursor)
                    cursor = self._drain(cursor, why)
                    self._heartbeat.published(cursor)
                    self._publishing = True
                    self._redis_away.over(log)
                    why = self._rest(cursor)
                except cursors.Restored as error:
                    log.warning("the database was set back; every page resyncs", error=str(error))
                    metrics.RECONNECTS.labels("restored").inc()
                    cursor, open_cursor = None, drain.start_anew
                except redis.RedisError as error:
                    # The cursor stays where it is, and so does the quiet: what cannot be published need not be rung.
                    self._redis_failed(error)
        finally:
            self._heartbeat.close()
            self._self_ring.close()

    def _drain(self, cursor: Cursor, why: str) -> Cursor:
        with self._heartbeat.kept():
            drained = drain.drain(self._conn, self._redis, cursor)
        self._is_answering()
        if why == RING and not drained.events:  # a stranger's: many of them must not be as many drains
            self._next_answer = time.monotonic() + self._floor
        metrics.DRAINS.labels(why).inc()
        metrics.CURSOR_AGE.renew()
        self._lost_bells.drained(why, drained.events)
        quiet_before = self._quiet.seconds
        self._quiet.drained(drained.events, drained.cursor.snapshot)
        metrics.QUIET_SECONDS.inc(self._quiet.seconds - quiet_before)
        self._back_off.reset()
        return drained.cursor

    def _rest(self, cursor: Cursor) -> str:
        """Wait until the next drain is due or a ring comes; returns what the drain is for. Beats and proves the bell meanwhile.

        A ring is answered at once, or `drain_interval_seconds` later where the drain for the previous ring found nothing.
        """
        due, why = time.monotonic() + self._quiet.pause, self._quiet.state.value
        while not self._stop.asked:
            chores = min(self._next_beat, self._next_proof)
            rang = self._listen_for(min(due, chores) - time.monotonic())
            if rang and self._quiet.state is not State.AWAKE and self._next_answer < due:
                due, why = self._next_answer, RING
            if time.monotonic() >= due:
                break
            self._chores(cursor)
            if self._quiet.must_wake:
                return self._quiet.state.value
        return why

    def _listen_for(self, seconds: float) -> int:
        """Rings heard within `seconds`, not counting our own; the first one ends it."""
        rang = 0
        for ring in connection.wait_for_rings(self._conn, seconds, self._stop):
            try:
                if (took := self._self_ring.hear(ring)) is not None:
                    metrics.SELF_RING_SECONDS.observe(took)
                rang += not ring.is_a_self_ring
            except Exception as error:  # any role sends any ring: no single one may end the loop
                self._odd_rings.fault(log, type(error).__name__, error)
                rang += 1
        metrics.RINGS_RECEIVED.inc(rang)
        self._lost_bells.heard(rang)
        return rang

    def _chores(self, cursor: Cursor) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            if self._publishing:
                self._heartbeat.beat(cursor)
            else:
                self._heartbeat.beat_without_publishing()
            self._self_ring.check()
            self._next_beat = now + BEAT_SECONDS
        if now >= self._next_proof:
            cursors.check(self._conn, cursor)
            self._self_ring.ring()
            self._look_at_the_queue()
            self._next_proof = now + EVERY_SECONDS

    def _look_at_the_queue(self) -> None:
        """A queue that fills up fails the commits of those who ring. While the listener is awake, nobody need."""
        used = self._self_ring.used
        metrics.QUEUE_USAGE.set(used)
        self._quiet.keep_awake = used >= AWAKE_FROM
        if self._quiet.keep_awake:
            refused = "a ring of the listener was refused" if self._self_ring.was_refused else None
            self._queue_full.fault(log, "queue", refused, used=f"{used:.0%}")
        else:
            self._queue_full.over(log)

    def _redis_failed(self, error: redis.RedisError) -> None:
        self._publishing = False
        metrics.FAULTS.labels("redis").inc()
        if self._redis_away.fault(log, "redis", error):
            metrics.RECONNECTS.labels("redis").inc()
        self._listen_for(self._back_off.next())
