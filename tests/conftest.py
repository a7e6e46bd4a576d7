"""Real services for every test: one PostgreSQL and one Redis a run, a database of its own a test.

A test's database is a copy of a migrated template (30 ms), so what it commits stays its own: NOTIFY and advisory locks
are per database. Nothing is rolled back, because a NOTIFY is delivered at COMMIT only.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import flask_migrate
import psycopg
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from psycopg import sql

from webapp import create_app
from webapp.config import Config
from webapp.launcher.embedded import Embedded
from webapp.observability.logs import OURS
from webapp.orders import writer_role
from webapp.postgres import session
from webapp.redis_client import connect as connect_redis
from webapp.relay.worker import RelayWorker
from webapp.routes import render_requests
from webapp.signals import publisher

from .support import all_versions, compiled_templates, compiled_urls
from .support.board import sign_in
from .support.chromium import ARGUMENTS, find
from .support.database_roles import SHOP, STRANGER, make_role, signed_in
from .support.process_urls import ProcessUrls
from .support.process_urls import make as make_process_urls
from .support.processes import SECRET, Doorbell, Process
from .support.receivers import Behaviour, Receiver, StartReceiver
from .support.relay import Relay
from .support.servers import servers
from .support.wait import eventually
from .support.world import Service, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_numbers = itertools.count(1)

compiled_templates.share()
compiled_urls.share()
# Hypothesis allows an example 0.2 s, also on a machine that runs four processes of tests on two cores.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-postgres` runs on every version of PostgreSQL."""
    for item in items:
        if all_versions.runs_on_all(item):
            item.add_marker(pytest.mark.postgres)


def config_for(service: Service, **changes: object) -> Config:
    values = {
        "DATABASE_URL": service.database_url,
        "REDIS_URL": service.redis_url,
        "SECRET_KEY": SECRET,
        "DOORBELL_DEMO": "1",
    }
    return Config.from_env(values | {name: str(value) for name, value in changes.items()})


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a test does to the logging of this process, so that later tests of the run log as without it."""
    loggers = logging.getLogger(), logging.getLogger(OURS)
    handlers, levels = list(loggers[0].handlers), [logger.level for logger in loggers]
    yield
    for handler in [
        handler for handler in loggers[0].handlers if handler.get_name() == OURS and handler not in handlers
    ]:
        loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """The two servers, started once a test run and stopped at its end."""
    with servers() as started:
        yield started


@pytest.fixture(scope="session")
def template(embedded: Embedded) -> str:
    """Migrates the database once; its name is the template of each test's own."""
    service = Service(embedded.database_url, embedded.redis_url)
    app = create_app(config_for(service))
    with app.app_context():
        flask_migrate.upgrade()
        app.extensions["sqlalchemy"].engine.dispose()
    return "doorbell"


@pytest.fixture
def service(embedded: Embedded, template: str) -> Iterator[Service]:
    """A database of this test's own and an empty Redis."""
    with new_service(embedded, template) as service:
        yield service


@contextlib.contextmanager
def new_service(embedded: Embedded, template: str) -> Iterator[Service]:
    """A new copy of the template, dropped at the end, and an empty Redis."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin_url = embedded.database_url.replace("/doorbell?", "/postgres?")
    with psycopg.connect(admin_url, autocommit=True) as admin:
        # Without the other strategy's 9 MB of WAL. PostgreSQL 14 has only this one.
        strategy = sql.SQL("STRATEGY file_copy" if admin.info.server_version >= 150000 else "")
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} {}")
        admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template), strategy))
    with redis.Redis.from_url(embedded.redis_url) as client:
        client.flushall()
    yield Service(embedded.database_url.replace("/doorbell?", f"/{name}?"), embedded.redis_url)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of a test run: Playwright can be started once a thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def app(request: pytest.FixtureRequest, service: Service) -> Iterator[Flask]:
    """With the mark `web_role` it has the rights of the web processes, and sees one tenant per transaction."""
    is_web = request.node.get_closest_marker("web_role") is not None
    url = request.getfixturevalue("process_urls").web if is_web else service.database_url
    app = create_app(config_for(service, DATABASE_URL=url))
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def process_urls(service: Service, conn: psycopg.Connection) -> ProcessUrls:
    """The addresses of the test's database for Doorbell's processes, each with a role of its own."""
    return make_process_urls(service, conn)


@pytest.fixture
def long_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that count queries: no render ends because a minute of the clock does."""
    monkeypatch.setattr(render_requests, "MINUTE", timedelta(days=1))


@pytest.fixture
def long_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that hold a lock until requests wait for it: no statement of a page gives up before."""
    for limit in ("lock_timeout", "statement_timeout"):
        monkeypatch.setitem(session.PAGE_LIMITS, limit, "60s")


@pytest.fixture
def conn(service: Service) -> Iterator[psycopg.Connection]:
    """Plain SQL, as psql would write it: each statement is a transaction of its own."""
    with psycopg.connect(service.database_url, autocommit=True, application_name="psql") as connection:
        yield connection


@pytest.fixture
def world(conn: psycopg.Connection) -> World:
    """Makes tenants, people and orders by plain SQL."""
    return World(conn)


@pytest.fixture
def app_context(app: Flask) -> Iterator[None]:
    """For tests that call queries and verbs without a request: `pytest.mark.usefixtures("app_context")`."""
    with app.app_context():
        yield


@pytest.fixture
def acme(world: World) -> int:
    return world.tenant(name="Northwind & Söhne", locale="en_GB")


@pytest.fixture
def manager(world: World, acme: int) -> int:
    """Ana Silva, a manager of `acme`; her id."""
    return world.user(acme, "Ana Silva", role="manager")


@pytest.fixture
def client(app: Flask, manager: int) -> FlaskClient:
    """Flask's test client, signed in as `manager`."""
    return sign_in(app, manager)


@pytest.fixture
def redis_client(service: Service) -> Iterator[redis.Redis]:
    with connect_redis(service.redis_url) as client:
        yield client


@pytest.fixture
def heartbeat(redis_client: redis.Redis) -> None:
    """A listener's heartbeat, without which pages poll."""
    redis_client.set(publisher.HEARTBEAT_KEY, "{}")


@pytest.fixture
def relay(service: Service, conn: psycopg.Connection) -> Iterator[Relay]:
    """A relay worker in this process. Its webhooks may reach this host."""
    config = config_for(service, WEBHOOK_ALLOW="127.0.0.0/8")
    worker = RelayWorker(config)
    yield Relay(conn, config, worker)
    worker.stop()
    worker.close()


@pytest.fixture
def receiver() -> Iterator[StartReceiver]:
    """Starts receivers, and stops them at the end of the test."""
    started: list[Receiver] = []

    def start(behave: Behaviour, **options: object) -> Receiver:
        started.append(Receiver(behave, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    """The web process and the listener, not started yet."""
    doorbell = Doorbell(service)
    yield doorbell
    doorbell.close()


@pytest.fixture
def listener(doorbell: Doorbell) -> Process:
    """The listener of `doorbell`, which leads."""
    doorbell.listener.start()
    eventually(lambda: "listening" in doorbell.listener.log)
    return doorbell.listener


@pytest.fixture
def stranger(service: Service, conn: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A session of a role that may connect and nothing else."""
    make_role(conn, STRANGER)
    with signed_in(service, STRANGER) as session:
        yield session


@pytest.fixture
def shop(service: Service, conn: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A program's session with the documented rights and nothing else."""
    writer_role.create(conn)
    make_role(conn, SHOP)
    conn.execute(f"GRANT {writer_role.WRITER} TO {SHOP}")
    with signed_in(service, SHOP) as session:
        yield session
