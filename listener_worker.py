"""The listener: waits for the bell, drains the outbox, publishes signals. Run it as `python listener_worker.py`.

Any number may run; the one that holds the leader's lock answers the bell, the others stand by.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

import psycopg
import redis

from webapp import redis_client
from webapp.concurrency.backoff import BackOff
from webapp.concurrency.stop_signal import Stop
from webapp.config import CANNOT_START, Config, ConfigError
from webapp.doorbell import connection
from webapp.doorbell.connection import Session
from webapp.doorbell.missed_rings import LostBells
from webapp.doorbell.quiet_mode import AWAKE_FROM, Quiet, State
from webapp.doorbell.self_ring import EVERY_SECONDS, BellNotHeard, SelfRing
from webapp.listener import standby
from webapp.listener.heartbeat import BEAT_SECONDS, Heartbeat
from webapp.observability import logs
from webapp.observability.incidents import AGAIN_SECONDS, Incident
from webapp.observability.metrics import listener as metrics
from webapp.outbox import cursor as cursors
from webapp.outbox import drain
from webapp.outbox.cursor import Cursor

RING = "ring"  # what a drain is for, beside the states of quiet mode

log = logs.get("listener")


class Listener:
    """One process's listener: connects, stands by, leads. `run` returns after `stop`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._redis = redis_client.connect(config.redis_url)
        self._back_off = BackOff()
        self._postgresql = Incident("postgresql")
        self._broken = Incident("the listener", "beginning again", state="broken", again="at work")
        self._former: Session | None = None
        self.stop = Stop()

    def run(self) -> None:
        while not self.stop.asked:
            try:
                with connection.connect(self._config.database_url) as conn:
                    self._take_over_from_myself(conn)
                    if self._stand_by(conn):
                        Leader(conn, self._redis, self._config, self.stop, self._is_answering).answer()
            except Exception as error:  # whatever it is: a listener that ends leaves every board without signals
                self._lost(error)
            finally:
                metrics.LEADER.set(0)

    def _is_answering(self) -> None:
        self._back_off.reset()
        self._postgresql.over(log)
        self._broken.over(log)

    def _lost(self, error: Exception) -> None:
        cause = _cause(error)
        metrics.FAULTS.labels(cause).inc()
        expected = cause != "fault"
        incident = self._postgresql if expected else self._broken
        if incident.fault(log, cause, error, **({} if expected else {"exc_info": error})):
            metrics.RECONNECTS.labels(cause).inc()
        self.stop.wait(self._back_off.next())

    def _take_over_from_myself(self, conn: connection.Connection) -> None:
        """A session that was left because it fell silent may still be there for PostgreSQL, with the locks it holds."""
        if self._former is not None and standby.end_session(conn, self._former):
            log.warning("ended the silent session that this listener had before", session=self._former.pid)
        self._former = connection.session(conn)

    def _stand_by(self, conn: connection.Connection) -> bool:
        """True as soon as this listener leads; False when it is to stop."""
        silence = standby.Silence(self._redis)
        said = False
        while not self.stop.asked:
            if connection.try_lead(conn):
                silence.over()
                return True
            if not said:
                log.info("another listener leads; standing by")
                self._is_answering()
                said = True
            if leader := silence.of(conn):
                self._end(conn, leader, silence)
            self.stop.wait(standby.ASK_SECONDS)
        return False

    def _end(self, conn: connection.Connection, leader: Session, silence: standby.Silence) -> None:
        if standby.end_session(conn, leader):
            metrics.EVICTIONS.inc()
            log.warning("the leader gives no sign of life; ended its session to take over", session=leader.pid)
        else:
            silence.could_not_end(conn)


class Leader:
    """The listener that answers the bell, on a connection that holds the leader's lock."""

    def __init__(
        self,
        conn: connection.Connection,
        client: redis.Redis,
        config: Config,
        stop: Stop,
        is_answering: Callable[[], None] = lambda: None,
    ) -> None:
        self._conn, self._redis, self._stop, self._is_answering = conn, client, stop, is_answering
        self._quiet = Quiet(conn, config.drain_seconds)
        self._heartbeat = Heartbeat(conn, client)
        self._self_ring = SelfRing(conn, config.database_url)
        self._lost_bells = LostBells()
        self._back_off = BackOff()
        self._redis_away = Incident("redis", "nothing is lost, and nothing is published; trying again")
        self._odd_rings = Incident(
            "a ring", "it is passed over", state="unreadable", again="readable", settled=AGAIN_SECONDS
        )
        self._queue_full = Incident(
            "PostgreSQL's queue of notifications",
            "the listener stays awake, so that orders commit; flask doctor names the session that holds it up",
            state="filling up",
            again="empty enough",
        )
        self._floor = config.drain_seconds
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

        A ring is answered at once, unless the drain for the ring before it found nothing: then `drain_seconds` after that.
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
        metrics.RINGS_HEARD.inc(rang)
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


def _cause(error: Exception) -> str:
    """One of metrics.CAUSES."""
    if isinstance(error, connection.NoAnswer):
        return "deadline"
    if isinstance(error, BellNotHeard):
        return "self_ring"
    return "postgresql" if isinstance(error, psycopg.Error | OSError) else "fault"


def main() -> None:
    logs.configure(os.environ)
    try:
        config = Config.from_env(os.environ)
        metrics.serve_if_asked(config)
        listener = Listener(config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT_START)
    signal.signal(signal.SIGTERM, listener.stop)
    signal.signal(signal.SIGINT, listener.stop)
    listener.run()
    log.info("stopped")


if __name__ == "__main__":
    main()
