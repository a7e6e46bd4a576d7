"""The relay worker: runs destinations in the threads of one process, and keeps their connections between runs."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from functools import partial

import orjson
import psycopg
from psycopg.types.json import set_json_loads

from .. import redis_client
from ..concurrency.backoff import Backoff
from ..concurrency.stop_signal import StopSignal
from ..config import Config
from ..doorbell import connection
from ..doorbell.connection import Connection
from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import relay as metrics
from ..outbox.cursor import UnusableCursor
from ..outbox.diff import ReaderMoved
from . import destinations, lease
from .address import WrongAddress
from .destinations import Destination
from .lease import Fenced, Lease
from .notice import RelayNotices
from .outlets import open_outlet
from .relaying import Outlet, Relaying
from .secrets import SecretsLocked
from .senders.base import BrokerAway, ClientMissing

# A run ends by then, so that the destinations share the threads; the task is sent again when there is more.
RUN_SECONDS = 20.0
# The connections of a destination are closed after this long without a run.
IDLE_SECONDS = 60.0
# The first diff of a destination that begins at the oldest event measures the whole history.
STATEMENT_SECONDS = 120.0
MAX_ERROR_CHARS = 500

# A destination cannot be used as it is. Nothing is counted against its messages.
_AWAY = (BrokerAway, ClientMissing, SecretsLocked, WrongAddress, UnusableCursor)
_FAILING = """
failing_since = coalesce(failing_since, now()), last_error = %(error)s, last_error_at = now()
"""

log = logs.get("relay")


@dataclass
class _Line:
    """A destination in this process: whether it runs, and its connections between two runs.

    `is_asked` is set by a run that finds it running: the event behind that run may be newer than the last read.
    """

    is_running: bool = False
    is_asked: bool = False
    ended: float = 0.0
    name: str = ""
    conn: Connection | None = None
    outlet: Outlet | None = None
    # The outlet was made for these; a changed destination gets a new one.
    opened_for: tuple[object, ...] = ()
    holder: str = ""
    backoff: Backoff = field(default_factory=Backoff)
    incident: Incident | None = None
    # Of the destination, as the managers' pages show it.
    version: str = ""

    def end_run(self) -> None:
        self.is_running, self.ended = False, time.monotonic()


class RelayWorker:
    """Runs destinations; any number of threads and processes may."""

    def __init__(self, config: Config) -> None:
        self._config, self.stop = config, StopSignal()
        self._notices = RelayNotices(redis_client.connect(config.redis_url))
        self._lines: dict[int, _Line] = {}
        self._lock = threading.Lock()

    def run(self, destination_id: int) -> bool:
        """Relay a destination until there is nothing to do. True when there is more, after RUN_SECONDS.

        A destination that cannot be used is tried again until then. One that this process relays already is only asked to
        read again: a slow destination uses one thread, however often it is woken. Raises psycopg.OperationalError.
        """
        with self._lock:
            line = self._lines.setdefault(destination_id, _Line())
            if line.is_running:
                line.is_asked = True
                return False
            line.is_running = True
        try:
            return self._run_while_asked(destination_id, line)
        except BaseException as error:
            if isinstance(error, psycopg.Error | ReaderMoved):
                _close(line)
            line.end_run()
            raise

    def is_running(self, destination_id: int) -> bool:
        """Whether a thread of this process relays the destination."""
        line = self._lines.get(destination_id)
        return line is not None and line.is_running

    def close_idle(self) -> None:
        """Disconnect the destinations without a run for IDLE_SECONDS, such as removed ones."""
        with self._lock:
            for destination_id, line in list(self._lines.items()):
                if not line.is_running and time.monotonic() - line.ended >= IDLE_SECONDS:
                    _close(self._lines.pop(destination_id))

    def close(self) -> None:
        """Disconnect everything. Runs must have ended."""
        self._notices.close()
        with self._lock:
            for line in self._lines.values():
                _close(line)
            self._lines.clear()

    def _run_while_asked(self, destination_id: int, line: _Line) -> bool:
        while True:
            line.is_asked = False
            more = self._run(destination_id, line)
            with self._lock:
                if more or not line.is_asked:
                    line.end_run()
                    return more

    def _run(self, destination_id: int, line: _Line) -> bool:
        until = time.monotonic() + RUN_SECONDS
        if line.conn is None or line.conn.closed:
            _close(line)
            line.conn = connection.connect(self._config.database_url, "doorbell relay")
            line.conn.timeout_seconds = STATEMENT_SECONDS
            set_json_loads(orjson.loads, line.conn)
            line.holder = uuid.uuid4().hex
        with lease.held(line.conn, destination_id, line.holder) as held:
            if held is None:
                return False
            while time.monotonic() < until and not self.stop.requested:
                try:
                    try:
                        return self._relay(line.conn, line, held, until)
                    except _AWAY as error:
                        self._away(line.conn, line, held, error)
                except Fenced:
                    return False
                self.stop.wait(line.backoff.next())
            return True

    def _relay(self, conn: Connection, line: _Line, held: Lease, until: float) -> bool:
        destination = destinations.by_id(conn, held.destination_id)
        if destination is None or destination.state != destinations.ACTIVE:
            return False
        line.name = destination.name
        outlet, seen = self._outlet(conn, line, held, destination), partial(self._seen, conn, line)
        line.version = line.version or destination.version
        more = Relaying(conn, held, outlet, self.stop, seen).run(until)
        self._see(conn, line, held)
        line.backoff.reset()
        if line.incident is not None:
            line.incident.over(log)
        return more

    def _outlet(self, conn: Connection, line: _Line, held: Lease, destination: Destination) -> Outlet:
        needs = (conn, held.fence, destination.url, destination.secrets, destination.state_at)
        if line.outlet is None or line.opened_for != needs:
            if line.outlet is not None:
                line.outlet.close()
            line.outlet = open_outlet(conn, held, destination, self._config)
            line.opened_for = needs
        return line.outlet

    def _away(self, conn: Connection, line: _Line, held: Lease, error: Exception) -> None:
        metrics.AWAY.labels(line.name).inc()
        if line.incident is None:
            line.incident = Incident(f"destination {line.name}", "its events wait; trying again")
        line.incident.fault(log, "relay", error, destination=line.name)
        held.update(conn, _FAILING, {"error": str(error)[:MAX_ERROR_CHARS]})
        self._see(conn, line, held)

    def _see(self, conn: Connection, line: _Line, held: Lease) -> None:
        destination = destinations.by_id(conn, held.destination_id)
        if destination is not None:
            self._seen(conn, line, destination)

    def _seen(self, conn: Connection, line: _Line, destination: Destination) -> None:
        """Announce a change to the managers' pages. A run begins active, so a disabled destination has a notification."""
        if destination.version != line.version:
            line.version = destination.version
            if destination.state == destinations.DISABLED:
                self._notices.notified(conn, destination.tenant_id)
            self._notices.changed(conn, destination.tenant_id)


def _close(line: _Line) -> None:
    if line.outlet is not None:
        line.outlet.close()
    if line.conn is not None:
        line.conn.close()
    line.outlet, line.conn, line.opened_for = None, None, ()
