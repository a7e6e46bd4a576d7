"""All of Doorbell's sessions have the same settings, regardless of those of the role, the database or a pooler."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from webapp import create_app, redis_client
from webapp.accounts import sessions
from webapp.db import db
from webapp.doctor.system import System
from webapp.doorbell import connection as doorbell
from webapp.events import retention
from webapp.listener.catch_up import drain_without_leader
from webapp.postgres import session as pg_session
from webapp.postgres.session import NO_LIMITS, PAGE_LIMITS, SETTINGS
from webapp.rollups import refresh

from ..conftest import config_for
from ..support.doctor import examined
from ..support.pgbouncer import needs_pgbouncer, pgbouncer
from ..support.pooler import Pooler
from ..support.processes import Doorbell, get
from ..support.wait import eventually
from ..support.world import Service, World

ROOT = Path(__file__).parents[2]
ODD = {
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kolkata",
    "standard_conforming_strings": "off",
    "client_encoding": "LATIN1",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "plan_cache_mode": "force_generic_plan",
    "doorbell.tenant": "1",
    "statement_timeout": "7min",
    "lock_timeout": "7min",
}


@pytest.fixture
def odd(conn: psycopg.Connection) -> None:
    """A database with an odd value for each setting that Doorbell sets."""
    for name, value in ODD.items():
        database = conn.info.dbname
        conn.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")


def _through_sqlalchemy(service: Service, names: tuple[str, ...]) -> dict[str, str]:
    app = create_app(config_for(service))
    with app.app_context():
        with db.engine.connect() as connection:
            found = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in names}
        db.engine.dispose()
    return found


def _through(connect: Callable[[Service], psycopg.Connection]) -> Callable[[Service, tuple[str, ...]], dict[str, str]]:
    def read(service: Service, names: tuple[str, ...]) -> dict[str, str]:
        with connect(service) as conn:
            return {name: str(conn.execute(f"SHOW {name}").fetchone()[0]) for name in names}  # type: ignore[index]

    return read


def test_no_statement_of_a_page_is_prepared(service: Service) -> None:
    app = create_app(config_for(service))
    with app.app_context():
        for _ in range(12):
            db.session.execute(text("SELECT count(*) FROM orders WHERE tenant_id = :tenant"), {"tenant": 1})
        prepared = db.session.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
        db.session.remove()
        db.engine.dispose()
    assert prepared == 0


CONNECTIONS = {
    "pages": (_through_sqlalchemy, PAGE_LIMITS),
    "listener": (_through(lambda service: doorbell.connect(service.database_url)), NO_LIMITS),
    "jobs": (_through(lambda service: pg_session.connect(service.database_url, "a job")), NO_LIMITS),
    "doctor": (
        _through(lambda service: System(service.database_url, service.redis_url, ROOT).postgresql()),
        {"statement_timeout": "4s", "lock_timeout": "2s"},
    ),
}


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("kind", CONNECTIONS)
def test_every_session_sets_its_own_settings(service: Service, kind: str) -> None:
    read, limits = CONNECTIONS[kind]
    wanted = {**SETTINGS, **limits}
    assert read(service, tuple(wanted)) == wanted
    assert set(ODD) <= set(wanted), "Doorbell sets each of the odd settings"


def test_no_other_module_opens_a_session() -> None:
    """Except the module that starts the embedded server."""
    opens = re.compile(r"(psycopg|Connection)\.connect\(|create_engine\(")
    files = [*(ROOT / "webapp").rglob("*.py"), *(ROOT / "tasks").rglob("*.py"), ROOT / "listener_worker.py"]
    found = {path.relative_to(ROOT).as_posix() for path in files if opens.search(path.read_text())}
    assert found == {"webapp/postgres/session.py", "webapp/launcher/embedded_postgres.py"}


@pytest.mark.usefixtures("odd")
def test_all_processes_work_in_a_database_with_odd_settings(service: Service, world: World) -> None:
    tenant = world.tenant()
    user = world.user(tenant)
    doorbell_processes = Doorbell(service)
    try:
        doorbell_processes.start()
        world.order(tenant)
        assert get(doorbell_processes.url + "/", doorbell_processes.cookie(user)) == 200
        assert get(doorbell_processes.url + "/orders", doorbell_processes.cookie(user)) == 200
        refresh.refresh(service.database_url)
        retention.make_ahead(service.database_url)
        retention.drop_old(service.database_url, 400)
        sessions.remove_expired(service.database_url)
        eventually(lambda: examined(service).says("cursor", "ok", "listener has read up to"))
        assert "FAULT" not in examined(service).levels.values()
        assert "Traceback" not in doorbell_processes.web.log + doorbell_processes.listener.log
    finally:
        doorbell_processes.close()


# Read-only servers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def read_only(conn: psycopg.Connection) -> None:
    conn.execute(f"ALTER DATABASE {conn.info.dbname} SET default_transaction_read_only = on")


JOBS = {
    "listener": lambda service: doorbell.connect(service.database_url),
    "rollups": lambda service: refresh.refresh(service.database_url),
    "partitions": lambda service: retention.make_ahead(service.database_url),
    "retention": lambda service: retention.drop_old(service.database_url, 400),
    "sessions": lambda service: sessions.remove_expired(service.database_url),
    "catch-up": lambda service: drain_without_leader(service.database_url, redis_client.connect(service.redis_url)),
}


@pytest.mark.usefixtures("read_only")
@pytest.mark.parametrize("job", JOBS)
def test_a_job_that_writes_names_the_read_only_server(service: Service, job: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="the server is read-only: default_transaction_read_only is on"):
        JOBS[job](service)


@pytest.mark.usefixtures("read_only")
def test_a_read_only_database_shows_pages_and_refuses_forms(
    service: Service, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    with psycopg.connect(service.database_url) as conn:
        conn.execute("SET transaction_read_only = off")
        world = World(conn)
        tenant = world.tenant()
        user = world.user(tenant)
        conn.commit()
    with client.session_transaction() as session:
        session.update({"_user_id": str(user), "_fresh": True, **sessions.new(3600)})
    assert client.get("/orders").status_code == 200
    answer = client.post("/orders", data={"customer": "c", "total": "5"})
    assert answer.status_code == 503
    assert "The database is read-only" in answer.text
    assert "Nothing was changed" in answer.text
    assert "read-only" in caplog.text
    assert client.get("/readyz").get_json()["ready"]


@pytest.mark.usefixtures("read_only")
def test_the_doctor_names_a_read_only_server(service: Service) -> None:
    found = examined(service)
    found.says("postgresql", "FAULT", "the server is read-only", "default_transaction_read_only")


# Poolers -------------------------------------------------------------------------------------------------------------------


@needs_pgbouncer
def test_behind_pgbouncer_in_session_mode_all_processes_work(service: Service, world: World) -> None:
    tenant = world.tenant()
    user = world.user(tenant)
    with pgbouncer(service, "session") as url:
        pooled = Service(url, service.redis_url)
        processes = Doorbell(pooled)
        try:
            processes.start()
            world.order(tenant)
            assert get(processes.url + "/", processes.cookie(user)) == 200
            assert refresh.refresh(url) == {tenant}
            eventually(lambda: examined(pooled).says("cursor", "ok", "listener has read up to"))
            found = examined(pooled)
            found.says("postgresql", "warn", "goes through a pooler")
            assert "FAULT" not in found.levels.values()
        finally:
            processes.close()


@needs_pgbouncer
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_pgbouncer_in_another_mode_is_refused_with_a_reason(service: Service, mode: str) -> None:
    with pgbouncer(service, mode) as url:
        pooled = Service(url, service.redis_url)
        for kind in CONNECTIONS:
            with pytest.raises(Exception, match=r"gives each transaction another session.*pool_mode = session"):
                CONNECTIONS[kind][0](pooled, ("TimeZone",))
        examined(pooled).says("postgresql", "FAULT", "gives each transaction another session")


def test_a_pooler_that_keeps_the_session_is_accepted(service: Service) -> None:
    """It reports another process id, and the same process answers each time."""
    place = psycopg.conninfo.conninfo_to_dict(service.database_url)
    pooler = Pooler(f"{place['host']}/.s.PGSQL.5432", str(place["dbname"]))
    try:
        with pg_session.connect(pooler.url, "a job") as conn:
            assert conn.execute("SHOW TimeZone").fetchone() == ("UTC",)
    finally:
        pooler.close()
