"""/readyz: 503 only where this process cannot serve, one probe for all requests, and no private details."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from webapp import create_app
from webapp.db import db
from webapp.doctor import readiness
from webapp.doctor.readiness import HealthMonitor, Part
from webapp.signals import publisher

from ..conftest import config_for
from ..support.processes import Doorbell, Process
from ..support.wait import eventually
from ..support.world import Service

HEARTBEATS = ("{}", "[]", "null", '{"host": 1, "at": "x"}', "[" * 50_000, "x", "", '{"host": "h", "at": 1e400}')


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def ask(app: FlaskClient | Flask) -> tuple[int, dict[str, object]]:
    app.config["TESTING"] = True  # type: ignore[union-attr]
    answer = app.test_client().get("/readyz")  # type: ignore[union-attr]
    return answer.status_code, json.loads(answer.data)


def test_with_all_parts_it_is_ready_and_not_degraded(
    listener: Process,
    redis_client: redis.Redis,
    service: Service,
) -> None:
    assert eventually(lambda: redis_client.get(publisher.HEARTBEAT_KEY))
    answer = {"ready": True, "degraded": False, "postgresql": "answers", "redis": "answers", "listener": "leads"}
    answer |= {"relay": "no event waits for long"}
    assert ask(create_app(config_for(service))) == (200, answer)
    listener.kill()
    redis_client.delete(publisher.HEARTBEAT_KEY)
    status, answer = ask(create_app(config_for(service)))
    assert (status, answer["ready"], answer["degraded"]) == (200, True, True)
    assert "no heartbeat" in str(answer["listener"])
    assert (answer["postgresql"], answer["redis"]) == ("answers", "answers")


def test_without_redis_it_serves_and_is_degraded(service: Service) -> None:
    status, answer = ask(create_app(config_for(service, REDIS_URL="redis://127.0.0.1:1/0")))
    assert (status, answer["ready"], answer["degraded"], answer["postgresql"]) == (200, True, True, "answers")
    assert "no answer" in str(answer["redis"])
    assert "unknown" in str(answer["listener"])


def test_without_postgresql_it_cannot_serve(service: Service) -> None:
    status, answer = ask(create_app(config_for(service, DATABASE_URL="postgresql://127.0.0.1:1/doorbell")))
    assert (status, answer["ready"], answer["degraded"], answer["redis"]) == (503, False, False, "answers")
    assert "no answer" in str(answer["postgresql"])


@pytest.mark.parametrize("part", ["REDIS_URL", "DATABASE_URL"])
def test_a_silent_server_counts_as_away_after_two_seconds(service: Service, silent_port: int, part: str) -> None:
    scheme = {"REDIS_URL": "redis://127.0.0.1:{}/0", "DATABASE_URL": "postgresql://127.0.0.1:{}/doorbell"}[part]
    app = create_app(config_for(service, **{part: scheme.format(silent_port)}))
    app.test_client().get("/healthz")  # the first request of an app costs more
    began = time.monotonic()
    status, answer = ask(app)
    assert time.monotonic() - began < 4
    assert status == (200 if part == "REDIS_URL" else 503)
    assert "no answer within 2 s" in str(answer["redis"])
    assert (answer["postgresql"] == "answers") is (part == "REDIS_URL")


@pytest.mark.parametrize("beat", HEARTBEATS, ids=range(len(HEARTBEATS)))
def test_an_unreadable_heartbeat_does_not_break_the_answer(
    service: Service, redis_client: redis.Redis, beat: str
) -> None:
    redis_client.set(publisher.HEARTBEAT_KEY, beat)
    assert ask(create_app(config_for(service)))[0] == 200
    redis_client.delete(publisher.HEARTBEAT_KEY)
    redis_client.lpush(publisher.HEARTBEAT_KEY, beat)
    assert ask(create_app(config_for(service)))[0] == 200


def test_the_answer_names_no_host_address_or_process(
    listener: Process,
    redis_client: redis.Redis,
    service: Service,
) -> None:
    assert eventually(lambda: redis_client.get(publisher.HEARTBEAT_KEY))
    for changes in (
        {},
        {"REDIS_URL": "redis://127.0.0.1:1/0"},
        {"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/doorbell"},
    ):
        words = json.dumps(ask(create_app(config_for(service, **changes)))[1])
        for secret in (socket.gethostname(), str(listener.pid), str(os.getpid()), "127.0.0.1", "Error", "doorbell"):
            assert secret not in words


def test_a_full_pool_is_not_an_outage(service: Service) -> None:
    app = create_app(config_for(service))
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"]
    with app.app_context(), ExitStack() as held:
        for _ in range(options["pool_size"] + options["max_overflow"]):
            held.enter_context(db.engine.connect()).execute(text("SELECT 1"))
        status, answer = ask(app)
        assert (status, answer["postgresql"]) == (200, readiness.BUSY)
        db.engine.dispose()


def monitor(check: Callable[[], Part], clock: Callable[[], float] = time.monotonic) -> HealthMonitor:
    return HealthMonitor({"postgresql": check}, clock)


def test_three_hundred_concurrent_callers_share_one_probe() -> None:
    checks, goes_on = [], threading.Event()

    def check() -> Part:
        checks.append(1)
        goes_on.wait(5)
        return Part(True, "answers")

    one = monitor(check)
    with ThreadPoolExecutor(300) as pool:
        asked = [pool.submit(one.health) for _ in range(300)]
        goes_on.set()
        assert all(future.result().ready for future in asked)
    assert len(checks) == 1


def test_a_probe_is_reused_for_five_seconds() -> None:
    now, seen = [100.0], [Part(True, "answers")]
    one = monitor(lambda: seen[0], lambda: now[0])
    assert one.health().ready
    seen[0] = Part(False, "no answer")
    now[0] += 5.0
    assert one.health().ready
    now[0] += 0.1
    assert not one.health().ready


def test_a_late_part_keeps_its_last_state_for_fifteen_seconds() -> None:
    now, goes_on, late = [100.0], threading.Event(), [False]

    def check() -> Part:
        if late[0]:
            goes_on.wait(30)
        return Part(True, "answers")

    one = monitor(check, lambda: now[0])
    assert one.health().ready
    late[0] = True
    now[0] += 14.0
    assert one.health().ready
    now[0] += 1.1
    assert not one.health().ready
    goes_on.set()
    assert eventually(lambda: one.health().ready)


def test_a_check_that_raises_is_reported_as_a_fault() -> None:
    def check() -> Part:
        raise RecursionError

    seen = monitor(check).health()
    assert not seen.ready
    assert "cannot be checked" in seen.parts["postgresql"].state


def test_frequent_requests_open_hardly_any_database_connections(doorbell: Doorbell, service: Service) -> None:
    doorbell.start_web()
    with create_app(config_for(service)).app_context():
        count = text("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        with db.engine.connect() as conn, ThreadPoolExecutor(50) as pool:
            before = conn.execute(count).scalar_one()
            conn.rollback()
            statuses = list(pool.map(lambda _: _status(doorbell.port), range(500)))
            after = conn.execute(count).scalar_one()
        db.engine.dispose()
    assert set(statuses) == {200}
    assert after - before <= 3, "one connection of the pool per probe, and probes are rare"


def _status(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=15) as sock:
        sock.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
        return int(sock.recv(200).split()[1])
