"""Outages of PostgreSQL, in the log of a web process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from flask import Flask
from psycopg import sql

from webapp.launcher.embedded import Embedded
from webapp.postgres import outages
from webapp.services import services
from webapp.signals import publisher

from ..support.browser import Person
from ..support.clock import Clock
from ..support.world import Service, World

AWAY = "postgresql is away; its requests are answered 503"
BACK = "postgresql is back"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of both incidents, which no test leaves open."""
    clock = Clock()
    for incident in (outages.postgresql, outages.pool):
        monkeypatch.setattr(incident, "_clock", clock)
        monkeypatch.setattr(incident, "_began", None)
    return clock


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The events that the web process has logged."""
    caplog.set_level(logging.INFO, "doorbell.web")
    return lambda: [str(record.msg["event"]) for record in caplog.records if isinstance(record.msg, dict)]


@pytest.fixture
def refuse(service: Service, embedded: Embedded) -> Iterator[Callable[[bool], None]]:
    """Makes PostgreSQL end all connections to the test's database and refuse new ones, or accept them again."""
    name = urlsplit(service.database_url).path[1:]
    with psycopg.connect(embedded.postgres.database("postgres"), autocommit=True) as admin:

        def change(refused: bool) -> None:
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            admin.execute(allow.format(sql.Identifier(name), sql.Literal(not refused)))
            if refused:
                admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])

        yield change
        change(False)


def test_an_outage_begins_with_a_failed_request_and_ends_with_a_statement_that_succeeds(
    app: Flask, world: World, clock: Clock, lines: Callable[[], list[str]], refuse: Callable[[bool], None]
) -> None:
    person = Person(app, world.user(world.tenant()))
    assert person.get("/orders").status_code == 200
    refuse(True)
    assert [person.get("/orders/new").status_code for _ in range(3)] == [503] * 3
    assert lines() == [AWAY]
    refuse(False)
    assert person.get("/orders").status_code == 200
    assert lines() == [AWAY], "an answer right after a fault does not end the outage"
    clock.now += outages.SETTLED_SECONDS
    assert app.test_client().get("/healthz").status_code == 200
    assert lines() == [AWAY], "a page without a statement does not end the outage"
    assert person.get("/orders").status_code == 200
    assert lines() == [AWAY, BACK]


@pytest.mark.usefixtures("long_minutes")
def test_a_panel_from_memory_does_not_end_an_outage(
    app: Flask,
    world: World,
    clock: Clock,
    lines: Callable[[], list[str]],
    refuse: Callable[[bool], None],
    redis_client: redis.Redis,
) -> None:
    # The cached user does not expire either.
    services(app).users.clock = lambda: 0.0
    tenant = world.tenant()
    publisher.publish(redis_client, tenant, {"placed": None})  # without a signal nothing is kept
    person = Person(app, world.user(tenant))
    assert person.get("/panels/revenue").status_code == 200
    refuse(True)
    assert person.get("/orders/new").status_code == 503
    clock.now += outages.SETTLED_SECONDS
    assert person.get("/panels/revenue").status_code == 200, "guard: it comes from memory"
    assert lines() == [AWAY]


def test_a_replaced_connection_is_no_outage(
    app: Flask, world: World, clock: Clock, lines: Callable[[], list[str]], refuse: Callable[[bool], None]
) -> None:
    person = Person(app, world.user(world.tenant()))
    assert person.get("/orders").status_code == 200
    refuse(True)
    refuse(False)
    assert person.get("/orders").status_code == 200
    assert lines() == []


def test_a_fault_outside_of_a_request_is_left_to_its_caller(
    app: Flask, clock: Clock, lines: Callable[[], list[str]], refuse: Callable[[bool], None]
) -> None:
    refuse(True)
    assert not services(app).health.health().ready
    assert lines() == []
