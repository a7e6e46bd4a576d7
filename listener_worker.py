"""The listener: waits for the bell, drains the outbox, publishes signals. Run it as `python listener_worker.py`.

Any number may run; the one that holds the leader's lock answers the bell, the others stand by.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import socket
import sys
import threading
import time

import psycopg
import redis

from webapp import doorbell, health, outbox, signals
from webapp.config import Config, ConfigError

SAFETY_DRAIN_SECONDS = 1.0  # a ring that was lost costs this much time, never data
FOLD_SECONDS = 0.05  # after a drain: the rest of a burst becomes one signal
STAND_BY_SECONDS = 1.0
BEAT_SECONDS = 1.0
BACK_OFF_SECONDS = (0.2, 5.0)  # first and longest wait after a fault; each is shortened at random so that hosts spread

log = logging.getLogger("listener")


class Listener:
    """One process's listener. `run` returns after `stop`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._redis = signals.connect(config.redis_url)
        self._stopping = threading.Event()
        self._back_off = BACK_OFF_SECONDS[0]
        self._beaten = 0.0
        self._redis_run_id: str | None = None

    def stop(self, *_signal: object) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with doorbell.connect(self._config.database_url) as conn:
                    if self._take_the_lead(conn):
                        self._answer(conn)
            except (psycopg.Error, redis.RedisError, OSError) as error:
                self._wait_after(error)

    def _take_the_lead(self, conn: psycopg.Connection) -> bool:
        if doorbell.try_lead(conn):
            return True
        log.info("another listener leads; standing by")
        while not self._stopping.is_set():
            self._stopping.wait(STAND_BY_SECONDS)
            if doorbell.try_lead(conn):
                return True
        return False

    def _answer(self, conn: psycopg.Connection) -> None:
        """The crux: listen first, then drain from the saved cursor, then drain at every ring and once a second."""
        doorbell.listen(conn)
        cursor = outbox.open_cursor(conn, self._redis)
        log.info("listening; reading the outbox from %s", cursor.snapshot)
        while not self._stopping.is_set():
            drained = outbox.drain(conn, self._redis, cursor)
            cursor = drained.cursor
            self._beat(conn)
            self._back_off = BACK_OFF_SECONDS[0]
            if drained.events:
                log.debug("%d events became %d signals", drained.events, drained.signals)
                self._stopping.wait(FOLD_SECONDS)
            doorbell.wait_for_ring(conn, SAFETY_DRAIN_SECONDS)

    def _beat(self, conn: psycopg.Connection) -> None:
        """Once a second: say that somebody leads, and see whether Redis is still the one that the signals went to."""
        if time.time() - self._beaten < BEAT_SECONDS:
            return
        self._beaten = time.time()
        self._redis_run_id = outbox.watch_redis(conn, self._redis, self._redis_run_id)
        state = {"host": socket.gethostname(), "pid": os.getpid(), "at": self._beaten}
        self._redis.set(signals.HEARTBEAT_KEY, json.dumps(state), ex=health.HEARTBEAT_SECONDS)

    def _wait_after(self, error: Exception) -> None:
        wait = self._back_off * random.uniform(0.5, 1.0)  # noqa: S311 - spreads hosts, keeps no secret
        log.warning("%s: %s; trying again in %.1f s", type(error).__name__, str(error).strip(), wait)
        self._stopping.wait(wait)
        self._back_off = min(self._back_off * 2, BACK_OFF_SECONDS[1])


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
