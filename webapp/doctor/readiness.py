"""Can this process serve, and is each part there that a live board needs? One look for all who ask, at most every 5 s."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import redis
from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from ..db import db
from ..listener.heartbeat import EXPIRY_SECONDS
from ..observability import logs
from ..signals import publisher

KEPT_SECONDS = 5.0  # a look is good for so long
ANSWER_SECONDS = 2.0  # a part that has not answered by then counts as away,
TRUSTED_SECONDS = 15.0  # unless it did in a look that began so recently: a busy process answers itself late
BUSY = "all connections of this process are in use"

log = logs.get("health")


@dataclass(frozen=True)
class Part:
    """One part's state. Strangers read it: no host, address, process id or version."""

    ok: bool
    state: str


@dataclass(frozen=True)
class Health:
    """`ready`: this process serves pages. `degraded`: it does, and they are not live."""

    parts: Mapping[str, Part]

    @property
    def ready(self) -> bool:
        return self.parts["postgresql"].ok

    @property
    def degraded(self) -> bool:
        return self.ready and not all(part.ok for part in self.parts.values())


@dataclass
class Look:
    """One look at all parts, one after the other; `parts` has those that have answered."""

    began: float
    parts: dict[str, Part] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)


class Examiner:
    """Looks at parts by `looks` (name -> function), in their order. PostgreSQL is first, so a silent Redis hides nothing."""

    def __init__(self, looks: Mapping[str, Callable[[], Part]], clock: Callable[[], float] = time.monotonic) -> None:
        self._looks, self._clock = looks, clock
        self._lock = threading.Lock()
        self._last: Look | None = None
        self._done: Look | None = None  # the newest that was completed

    def health(self) -> Health:
        """As it was KEPT_SECONDS ago at most; known after ANSWER_SECONDS at the latest."""
        look = self._look()
        look.done.wait(max(0.0, look.began + ANSWER_SECONDS - self._clock()))
        before = self._done
        trusted = before.parts if before and self._clock() - before.began <= TRUSTED_SECONDS else {}
        late = Part(False, f"no answer within {ANSWER_SECONDS:g} s")
        return Health({name: look.parts.get(name) or trusted.get(name, late) for name in self._looks})

    def _look(self) -> Look:
        with self._lock:
            now = self._clock()
            if self._last is None or now - self._last.began > KEPT_SECONDS:
                self._last = Look(now)
                threading.Thread(target=self._run, args=(self._last,), name="health", daemon=True).start()
            return self._last

    def _run(self, look: Look) -> None:
        for name, ask in self._looks.items():
            try:
                look.parts[name] = ask()
            except Exception:  # whoever asks for the health gets an answer, whatever is broken
                log.exception("a part could not be looked at", part=name)
                look.parts[name] = Part(False, "cannot be looked at; the log has the reason")
        self._done = look
        look.done.set()


def of(app: Flask) -> Examiner:
    """An examiner of what this app needs."""
    client = cast(redis.Redis, app.extensions["doorbell_redis"])
    return Examiner(
        {
            "postgresql": lambda: _postgresql(app),
            "redis": lambda: _redis(client),
            "listener": lambda: _listener(client),
        }
    )


def _postgresql(app: Flask) -> Part:
    """By a connection of the pool that the pages use. That all of them are in use is load, and no reason to send
    visitors elsewhere, where they would be load as well."""
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
    """Whether its heartbeat is there, whatever is in it: that is for `flask doctor`."""
    try:
        beats = bool(client.exists(publisher.HEARTBEAT_KEY))
    except (redis.RedisError, OSError):
        return Part(False, "not known, because its heartbeat is kept in Redis; the pages poll")
    if not beats:
        return Part(False, f"no heartbeat for {EXPIRY_SECONDS} s; the pages poll")
    return Part(True, "leads")


def init_app(app: Flask) -> None:
    app.extensions["doorbell_health"] = of(app)


def health() -> Health:
    """The running app's."""
    return cast(Examiner, current_app.extensions["doorbell_health"]).health()
