"""The listener: waits for the bell, drains the outbox, publishes signals. Run it as `python listener_worker.py`.

Any number may run; the one that holds the leader's lock answers the bell, the others stand by.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import time

import psycopg
import redis

from webapp import cursor as cursors
from webapp import doorbell, leadership, outbox, signals
from webapp.config import Config, ConfigError
from webapp.cursor import Cursor
from webapp.doorbell import Session
from webapp.heartbeat import BEAT_SECONDS, Heartbeat
from webapp.quiet import Quiet, State
from webapp.self_ring import EVERY_SECONDS, SelfRing
from webapp.stop import Stop

BACK_OFF_SECONDS = (0.2, 2.0)  # first and longest wait after a fault; each is shortened at random so that hosts spread

log = logging.getLogger("listener")


class Listener:
    """One process's listener: connects, stands by, leads. `run` returns after `stop`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._redis = signals.connect(config.redis_url)
        self._back_off = BackOff()
        self._former: Session | None = None
        self.stop = Stop()

    def run(self) -> None:
        while not self.stop.asked:
            try:
                with doorbell.connect(self._config.database_url) as conn:
                    self._take_over_from_myself(conn)
                    if self._stand_by(conn):
                        self._back_off.reset()
                        Leader(conn, self._redis, self._config, self.stop).answer()
            except (psycopg.Error, OSError) as error:
                self.stop.wait(self._back_off.after(error))

    def _take_over_from_myself(self, conn: doorbell.Connection) -> None:
        """A session that was left because it fell silent may still be there for PostgreSQL, with the locks it holds."""
        if self._former is not None and leadership.end_session(conn, self._former):
            log.warning("ended the silent session that this listener had before")
        self._former = doorbell.session(conn)[1]

    def _stand_by(self, conn: doorbell.Connection) -> bool:
        """True as soon as this listener leads; False when it is to stop."""
        silence = leadership.Silence(self._redis)
        said = False
        while not self.stop.asked:
            if doorbell.try_lead(conn):
                return True
            if not said:
                log.info("another listener leads; standing by")
                said = True
            if silence.lasts() and (leader := leadership.holder(conn)) and leadership.end_session(conn, leader):
                log.warning("the leader gave no sign of life; ended its session to take over")
            self.stop.wait(leadership.ASK_SECONDS)
        return False


class Leader:
    """The listener that answers the bell, on a connection that holds the leader's lock."""

    def __init__(self, conn: doorbell.Connection, client: redis.Redis, config: Config, stop: Stop) -> None:
        self._conn, self._redis, self._stop = conn, client, stop
        self._quiet = Quiet(conn, config.drain_seconds)
        self._heartbeat = Heartbeat(conn, client)
        self._self_ring = SelfRing(conn, config.database_url)
        self._back_off = BackOff()
        self._next_beat = self._next_proof = 0.0

    def answer(self) -> None:
        """The crux: listen first, prove the bell, then drain from the saved cursor, and at every ring or when it is time."""
        cursor: Cursor | None = None
        open_cursor = outbox.open_cursor
        try:
            doorbell.listen(self._conn)
            self._self_ring.prove()
            while not self._stop.asked:
                try:
                    if cursor is None:
                        cursor = open_cursor(self._conn, self._redis)
                        log.info("listening; reading the outbox from %s", cursor.snapshot)
                    self._chores(cursor)
                    cursor = self._drain(cursor)
                    self._heartbeat.published(cursor)
                    self._rest(cursor)
                except cursors.Restored as error:
                    log.warning("%s; every page resyncs", error)
                    cursor, open_cursor = None, outbox.start_anew
                except redis.RedisError as error:
                    # The cursor stays where it is, and so does the quiet: what cannot be published need not be rung.
                    self._listen_for(self._back_off.after(error))
        finally:
            self._self_ring.close()

    def _drain(self, cursor: Cursor) -> Cursor:
        drained = outbox.drain(self._conn, self._redis, cursor)
        self._quiet.drained(drained.events, drained.cursor.snapshot)
        self._back_off.reset()
        return drained.cursor

    def _rest(self, cursor: Cursor) -> None:
        """Until the next drain is due, or somebody rings. Beats and proves the bell meanwhile."""
        due = time.monotonic() + self._quiet.pause
        while not self._stop.asked:
            chores = min(self._next_beat, self._next_proof)
            rang = self._listen_for(min(due, chores) - time.monotonic())
            if (rang and self._quiet.state is not State.AWAKE) or time.monotonic() >= due:
                return
            self._chores(cursor)

    def _listen_for(self, seconds: float) -> int:
        """Rings heard within `seconds`, not counting our own; the first one ends it."""
        rings = doorbell.wait_for_rings(self._conn, seconds, self._stop)
        return sum(1 for ring in rings if self._self_ring.hear(ring) is None and ring.token is None)

    def _chores(self, cursor: Cursor) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._heartbeat.beat(cursor)
            self._self_ring.check()
            self._next_beat = now + BEAT_SECONDS
        if now >= self._next_proof:
            cursors.check(self._conn, cursor)
            self._self_ring.ring()
            self._next_proof = now + EVERY_SECONDS


class BackOff:
    """Growing waits after faults in a row."""

    def __init__(self) -> None:
        self._seconds = BACK_OFF_SECONDS[0]

    def after(self, error: Exception) -> float:
        wait = self._seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads hosts, keeps no secret
        log.warning("%s: %s; trying again in %.1f s", type(error).__name__, str(error).strip(), wait)
        self._seconds = min(self._seconds * 2, BACK_OFF_SECONDS[1])
        return wait

    def reset(self) -> None:
        self._seconds = BACK_OFF_SECONDS[0]


def main() -> None:
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"), format="%(levelname)s %(message)s")
    try:
        listener = Listener(Config.from_env(os.environ))
    except ConfigError as error:
        sys.exit(str(error))
    signal.signal(signal.SIGTERM, listener.stop)
    signal.signal(signal.SIGINT, listener.stop)
    listener.run()
    log.info("stopped")


if __name__ == "__main__":
    main()
