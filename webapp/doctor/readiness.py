"""Readiness of this process: whether it can serve, and whether the board is live. Probed at most once per 5 s."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import redis
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from ..db import db
from ..listener.heartbeat import EXPIRY_SECONDS
from ..observability import logs
from ..relay import late as relay
from ..signals import publisher

# A probe is reused for this long.
CACHE_SECONDS = 5.0
# A part that has not answered by then counts as away ...
ANSWER_SECONDS = 2.0
# ... unless it answered in a probe that began within this time: a busy process receives answers late.
LATE_SECONDS = 15.0
# A function, because a web process reads no other tenant's destinations.
_RELAY_IS_LATE = text("SELECT tenancy_relay_is_late(:seconds)")
BUSY = "all connections of this process are in use"

log = logs.get("health")


@dataclass(frozen=True)
class Part:
    """The state of one part. It is public, so it names no host, address, process id or version."""

    ok: bool
    state: str


@dataclass(frozen=True)
class Health:
    """`ready`: this process serves pages. `degraded`: it serves pages that are not live."""

    parts: Mapping[str, Part]

    @property
    def ready(self) -> bool:
        return self.parts["postgresql"].ok

    @property
    def degraded(self) -> bool:
        return self.ready and not all(part.ok for part in self.parts.values())


@dataclass
class Probe:
    """One round of checks of all parts, in order; `parts` has those that have answered."""

    began: float
    parts: dict[str, Part] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)


class HealthMonitor:
    """The health of parts by `checks` (name -> function), in their order. All concurrent callers share one probe.

    The check of PostgreSQL must be first, so that a silent Redis does not delay it.
    """

    def __init__(self, checks: Mapping[str, Callable[[], Part]], clock: Callable[[], float] = time.monotonic) -> None:
        self._checks, self._clock = checks, clock
        self._lock = threading.Lock()
        self._newest: Probe | None = None
        self._completed: Probe | None = None

    def health(self) -> Health:
        """The health, at most CACHE_SECONDS old. Returns after ANSWER_SECONDS at the latest."""
        probe = self._current_probe()
        probe.done.wait(max(0.0, probe.began + ANSWER_SECONDS - self._clock()))
        before = self._completed
        recent = before.parts if before and self._clock() - before.began <= LATE_SECONDS else {}
        late = Part(False, f"no answer within {ANSWER_SECONDS:g} s")
        return Health({name: probe.parts.get(name) or recent.get(name, late) for name in self._checks})

    def _current_probe(self) -> Probe:
        with self._lock:
            now = self._clock()
            if self._newest is None or now - self._newest.began > CACHE_SECONDS:
                self._newest = Probe(now)
                threading.Thread(target=self._run, args=(self._newest,), name="health", daemon=True).start()
            return self._newest

    def _run(self, probe: Probe) -> None:
        for name, check in self._checks.items():
            try:
                probe.parts[name] = check()
            except Exception:
                # Each request for the health needs an answer, whatever is broken.
                log.exception("could not check a part", part=name)
                probe.parts[name] = Part(False, "cannot be checked; the log has the reason")
        self._completed = probe
        probe.done.set()


def monitor_of(app: Flask, client: redis.Redis) -> HealthMonitor:
    """A monitor of the servers that `app` needs."""
    return HealthMonitor(
        {
            "postgresql": lambda: _postgresql(app),
            "redis": lambda: _redis(client),
            "listener": lambda: _listener(client),
            "relay": lambda: _relay(app),
        }
    )


def _postgresql(app: Flask) -> Part:
    """Check with a connection of the pages' pool. A full pool is load, not a fault: on another process the requests would be
    load as well."""
    with app.app_context():
        options = app.config["SQLALCHEMY_ENGINE_OPTIONS"]
        if cast(QueuePool, db.engine.pool).checkedout() >= options["pool_size"] + options["max_overflow"]:
            return Part(True, BUSY)
        try:
            with db.engine.connect() as conn:
                conn.execute(text("SELECT 1"))
        except PoolTimeout:
            return Part(True, BUSY)
        except (OperationalError, InterfaceError):
            return Part(False, "no answer; pages cannot be served")
    return Part(True, "answers")


def _redis(client: redis.Redis) -> Part:
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return Part(False, "no answer; the pages poll")
    return Part(True, "answers")


def _listener(client: redis.Redis) -> Part:
    """Check that Redis has the leader's heartbeat; `flask doctor` checks its content."""
    try:
        beats = bool(client.exists(publisher.HEARTBEAT_KEY))
    except (redis.RedisError, OSError):
        return Part(False, "unknown, because its heartbeat is in Redis; the pages poll")
    if not beats:
        return Part(False, f"no heartbeat for {EXPIRY_SECONDS} s; the pages poll")
    return Part(True, "leads")


def _relay(app: Flask) -> Part:
    """Check that no destination of events is late; `flask doctor` names it."""
    with app.app_context():
        try:
            with db.engine.connect() as conn:
                found = conn.execute(_RELAY_IS_LATE, {"seconds": relay.LATE_SECONDS}).scalar_one()
        except PoolTimeout:
            return Part(True, BUSY)
        except (OperationalError, InterfaceError):
            return Part(False, "unknown, because PostgreSQL does not answer")
    if found:
        return Part(False, f"events have waited for over {relay.LATE_SECONDS / 60:.0f} min for a destination")
    return Part(True, "no event waits for long")
