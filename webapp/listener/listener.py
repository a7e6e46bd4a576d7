"""A process's listener: it connects, stands by, and leads once it holds the leader's lock. Any number of them may run."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from .. import redis_client
from ..concurrency.backoff import Backoff
from ..concurrency.stop_signal import StopSignal
from ..config import Config
from ..doorbell import connection, locks
from ..doorbell.connection import Session
from ..doorbell.self_ring import SelfRingTimeout
from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import listener as metrics
from . import standby
from .leader import Leader

log = logs.get("listener")


class Listener:
    """Connects, stands by and leads, again after every fault. `run` returns after `stop`.

    `on_events` is called after each drain that found events; it must return at once.
    """

    def __init__(self, config: Config, on_events: Callable[[], None] = lambda: None) -> None:
        self._config, self._on_events = config, on_events
        self._redis = redis_client.connect(config.redis_url)
        self._backoff = Backoff()
        self._postgresql = Incident("postgresql")
        self._failing = Incident("the listener", "restarting", state="failing", again="working")
        self._former: Session | None = None
        self.stop = StopSignal()

    def run(self) -> None:
        while not self.stop.requested:
            try:
                with connection.connect(self._config.database_url) as conn:
                    self._evict_former_session(conn)
                    if self._stand_by(conn):
                        Leader(conn, self._redis, self._config, self.stop, self._on_success, self._on_events).lead()
            # Every fault is retried, because without a listener no board gets signals.
            except Exception as error:
                self._on_fault(error)
            finally:
                metrics.LEADER.set(0)

    def _on_success(self) -> None:
        self._backoff.reset()
        self._postgresql.over(log)
        self._failing.over(log)

    def _on_fault(self, error: Exception) -> None:
        cause = _cause(error)
        metrics.FAULTS.labels(cause).inc()
        expected = cause != "fault"
        incident = self._postgresql if expected else self._failing
        if incident.fault(log, cause, error, **({} if expected else {"exc_info": error})):
            metrics.RECONNECTS.labels(cause).inc()
        self.stop.wait(self._backoff.next())

    def _evict_former_session(self, conn: connection.Connection) -> None:
        """Evict the session that this listener left: PostgreSQL may still have it, with its locks."""
        if self._former is not None and standby.evict(conn, self._former):
            log.warning("evicted this listener's former session", session=self._former.pid)
        self._former = connection.session(conn)

    def _stand_by(self, conn: connection.Connection) -> bool:
        """True as soon as this listener leads; False when it is to stop."""
        detector = standby.FailureDetector(self._redis)
        logged = False
        while not self.stop.requested:
            if locks.try_lead(conn):
                detector.acquired_lead()
                return True
            if not logged:
                log.info("another listener leads; standing by")
                self._on_success()
                logged = True
            if leader := detector.suspect(conn):
                self._evict(conn, leader, detector)
            self.stop.wait(standby.TRY_SECONDS)
        return False

    def _evict(self, conn: connection.Connection, leader: Session, detector: standby.FailureDetector) -> None:
        if standby.evict(conn, leader):
            metrics.EVICTIONS.inc()
            log.warning("evicted the leader, which had sent no heartbeat", session=leader.pid)
        else:
            detector.could_not_evict(conn)


def _cause(error: Exception) -> str:
    """One of metrics.CAUSES."""
    if isinstance(error, connection.ServerNotResponding):
        return "deadline"
    if isinstance(error, SelfRingTimeout):
        return "self_ring"
    return "postgresql" if isinstance(error, psycopg.Error | OSError) else "fault"
