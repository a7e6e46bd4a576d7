"""Real services for every test: one PostgreSQL and one Redis a run, a database of its own a test.

A test's database is a copy of a migrated template (30 ms), so what it commits stays its own: NOTIFY and advisory locks
are per database. Nothing is rolled back, because a NOTIFY is delivered at COMMIT only.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import flask_migrate
import psycopg
import pytest
import redis
from flask import Flask
from psycopg import sql

from webapp import create_app
from webapp.config import Config
from webapp.launcher.cluster import PG_BIN
from webapp.launcher.embedded import Embedded

from .support import all_versions
from .support.chromium import ARGUMENTS, find
from .support.world import Service, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECRET = "a secret for the tests alone, 40 characters"
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-postgres` runs on every version of PostgreSQL."""
    for item in items:
        if all_versions.runs_on_all(item.path):
            item.add_marker(pytest.mark.postgres)


def servers_in(directory: Path) -> Embedded:
    """PostgreSQL and Redis for tests, not started yet; PostgreSQL's programs are those that the environment names."""
    return Embedded(directory, fast=True, programs=Path(os.environ.get(all_versions.VARIABLE) or PG_BIN))


def config_for(service: Service, **changes: object) -> Config:
    values = {
        "DATABASE_URL": service.database_url,
        "REDIS_URL": service.redis_url,
        "SECRET_KEY": SECRET,
        "DOORBELL_DEMO": "1",
    }
    return Config.from_env(values | {name: str(value) for name, value in changes.items()})


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """The two servers, started once a test run and stopped at its end."""
    directory = Path(tempfile.mkdtemp(prefix="doorbell-tests-"))
    directory.chmod(0o755)
    services = servers_in(directory)
    services.start()
    try:
        yield services
    finally:
        services.stop()
        shutil.rmtree(directory, ignore_errors=True)


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
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
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
def app(service: Service) -> Iterator[Flask]:
    app = create_app(config_for(service))
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def conn(service: Service) -> Iterator[psycopg.Connection]:
    """Plain SQL, as psql would write it: each statement is a transaction of its own."""
    with psycopg.connect(service.database_url, autocommit=True, application_name="psql") as connection:
        yield connection


@pytest.fixture
def world(conn: psycopg.Connection) -> World:
    """Makes tenants, people and orders by plain SQL."""
    return World(conn)
