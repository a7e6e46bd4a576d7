"""A process's listener: it connects, stands by, and leads when it gets the leader's lock. Any number of them may run."""

from __future__ import annotations

import psycopg

from .. import redis_client
from ..concurrency.backoff import Backoff
from ..concurrency.stop_signal import StopSignal
from ..config import Config
from ..doorbell import connection
from ..doorbell.connection import Session
from ..doorbell.self_ring import SelfRingTimeout
from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import listener as metrics
from . import standby
from .leader import Leader

log = logs.get("listener")


class Listener:
    """One process's listener: connects, stands by, leads. `run` returns after `stop`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._redis = redis_client.connect(config.redis_url)
        self._back_off = Backoff()
        self._postgresql = Incident("postgresql")
        self._broken = Incident("the listener", "beginning again", state="broken", again="at work")
        self._former: Session | None = None
        self.stop = StopSignal()

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
        silence = standby.FailureDetector(self._redis)
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

    def _end(self, conn: connection.Connection, leader: Session, silence: standby.FailureDetector) -> None:
        if standby.end_session(conn, leader):
            metrics.EVICTIONS.inc()
            log.warning("the leader gives no sign of life; ended its session to take over", session=leader.pid)
        else:
            silence.could_not_end(conn)


def _cause(error: Exception) -> str:
    """One of metrics.CAUSES."""
    if isinstance(error, connection.ServerNotResponding):
        return "deadline"
    if isinstance(error, SelfRingTimeout):
        return "self_ring"
    return "postgresql" if isinstance(error, psycopg.Error | OSError) else "fault"
