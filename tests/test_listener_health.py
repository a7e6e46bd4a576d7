"""What tells that a listener is well: its heartbeat, /readyz and a clean stop; and what it says without its environment."""

from __future__ import annotations

import redis

from webapp import health, signals

from .listening import (
    doorbell,  # noqa: F401 - a fixture
    listener,  # noqa: F401 - a fixture
)
from .processes import Doorbell, Process, eventually
from .publishing import client  # noqa: F401 - a fixture
from .world import Service


def test_sigterm_stops_it_cleanly(listener: Process) -> None:
    assert listener.stop(5) == 0
    assert "stopped" in listener.log.splitlines()[-1]


def test_without_its_environment_it_says_all_that_is_missing(doorbell: Doorbell) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        del doorbell.listener.env[name]
    doorbell.listener.start()
    assert doorbell.listener.wait(10) != 0
    assert all(name in doorbell.listener.log for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"))
    assert "Traceback" not in doorbell.listener.log


def test_its_heartbeat_is_what_readyz_looks_for(listener: Process, client: redis.Redis, service: Service) -> None:
    assert eventually(lambda: client.get(signals.HEARTBEAT_KEY))
    parts = health.check(service.database_url, client)
    assert all(part.ok for part in parts.values())
    assert "leads" in parts["listener"].state
    listener.kill()
    client.delete(signals.HEARTBEAT_KEY)
    without = health.check(service.database_url, client)
    assert (without["postgresql"].ok, without["redis"].ok, without["listener"].ok) == (True, True, False)


def test_readyz_names_each_part_that_is_missing() -> None:
    with signals.connect("redis://127.0.0.1:1/0") as nowhere:
        parts = health.check("postgresql://127.0.0.1:1/doorbell", nowhere)
    assert [part.ok for part in parts.values()] == [False, False, False]
    assert all("no answer" in parts[name].state for name in ("postgresql", "redis"))
