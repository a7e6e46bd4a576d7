"""DATABASE_URL in all its forms: the same database for pages, jobs, commands and doctor, or a refusal at the start."""

from __future__ import annotations

import sys
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from webapp import create_app
from webapp.config import Config, ConfigError
from webapp.db import db
from webapp.doctor.system import System
from webapp.doorbell import connection as doorbell
from webapp.postgres import session

from ..conftest import config_for
from ..support.doctor import examined
from ..support.processes import Doorbell, get
from ..support.world import Service, World


def _parts(service: Service) -> tuple[str, str]:
    parts = conninfo_to_dict(service.database_url)
    return str(parts["host"]).replace("/", "%2F"), str(parts["dbname"])


FORMS: dict[str, Callable[[str, str], str]] = {
    "a socket's folder as the host": lambda host, name: f"postgresql://postgres@{host}/{name}",
    "a folder as a parameter": lambda host, name: f"postgresql://postgres@/{name}?host={host}",
    "all as parameters": lambda host, name: f"postgresql:///?user=postgres&dbname={name}&host={host}",
    "the other scheme": lambda host, name: f"postgres://postgres@{host}:5432/{name}",
    "two hosts, the second answers": lambda host, name: (
        f"postgresql://postgres@%2Fnowhere:5432,{host}:5432/{name}?target_session_attrs=read-write"
    ),
    "a schema in options": lambda host, name: f"postgresql://postgres@{host}/{name}?options=-csearch_path%3Dboard",
    "a password with signs": lambda host, name: f"postgresql://postgres:%40%2F%3A%25@{host}/{name}",
}


@pytest.fixture(params=FORMS)
def url(request: pytest.FixtureRequest, service: Service, conn: psycopg.Connection) -> str:
    # For an operator with a schema for Doorbell.
    if "schema" in request.param:
        conn.execute("CREATE SCHEMA board")
    return FORMS[request.param](*_parts(service))


def test_all_connections_use_the_same_database_and_schema(service: Service, url: str) -> None:
    statement = "SELECT current_database() || ' ' || current_setting('search_path')"
    placed = Service(url, service.redis_url)
    found = []
    config = config_for(placed)
    with doorbell.connect(config.database_url) as conn:
        found += conn.execute(statement).fetchall()
    with session.connect(config.database_url, "a job") as conn:
        found += conn.execute(statement).fetchall()
    with System(config.database_url, config.redis_url, None).postgresql() as conn:  # type: ignore[arg-type]
        found += conn.execute(statement).fetchall()
    app = create_app(config)
    with app.app_context():
        with db.engine.connect() as connection:
            found += [tuple(row) for row in connection.execute(text(statement))]
        db.engine.dispose()
    path = "board" if "search_path" in url else '"$user", public'
    assert found == [(f"{_parts(service)[1]} {path}",)] * 4


def test_all_processes_work_with_two_hosts_of_which_one_is_a_folder(service: Service, world: World) -> None:
    user = world.user(world.tenant())
    placed = Service(FORMS["two hosts, the second answers"](*_parts(service)), service.redis_url)
    processes = Doorbell(placed)
    try:
        processes.start()
        assert get(processes.url + "/", processes.cookie(user)) == 200
        listed = processes.another(sys.executable, "-m", "flask", "--app", "wsgi", "tenant", "list")
        assert listed.wait(30) == 0, listed.log
        assert "acme" in listed.log
        examined(placed).says("postgresql", "ok", "a primary")
    finally:
        processes.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u@h/d?target_session_attrs=standby", "target_session_attrs='standby'; allowed: any, read-write"),
        ("postgresql://u@h/d?sslmode=verify", "sslmode='verify'; allowed: disable, allow, prefer, require, verify-ca"),
        ("postgresql://u@h:port/d", "a port that is not a whole number from 1 to 65535"),
        ("postgresql://u@h:99999/d", "a port that is not a whole number"),
        ("postgresql://u@h:0/d", "a port that is not a whole number"),
        ("postgresql://u@a,b,c/d?port=1,2", "3 hosts and 2 ports"),
        ("postgresql://u@h/d?no_such=1", "only libpq's parameters"),
        ("postgresql://u:hunter2/x@h/d", "a / in the password as %2F"),
        ("postgresql://h/d?hunter2", "cannot be read by PostgreSQL's library"),
    ],
)
def test_an_invalid_address_is_refused_at_the_start_and_not_shown(url: str, words: str) -> None:
    env = {"DATABASE_URL": url, "REDIS_URL": "redis://r/0", "SECRET_KEY": "s" * 40}
    with pytest.raises(ConfigError) as raised:
        Config.from_env(env)
    (fault,) = raised.value.faults
    assert words in fault
    assert "hunter2" not in fault
