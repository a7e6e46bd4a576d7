"""Every `flask` command with servers that are away, refuse, are read-only or not migrated: one sentence, exit code 2."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner, Result
from flask.cli import FlaskGroup, ScriptInfo
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from webapp import create_app
from webapp.config import Config
from webapp.launcher.embedded import Embedded

from ..conftest import config_for
from ..support.ports import free_port
from ..support.world import Service, World

# Commands that use no server, write files or do not end.
OF_FLASK = {"run", "shell", "routes", "push-keys"}
_FILES_ONLY = ("init", "revision", "migrate", "edit", "merge", "heads", "branches", "history", "show", "list-templates")
OF_MIGRATE = {f"db {name}" for name in _FILES_ONLY}
# It reports one line per fault, with exit code 1.
ITS_OWN = {"doctor"}
VALUES = {
    "email": "ana@example.com",
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "locale": "en_GB",
    "tenant_slug": "acme",
    "slug": "acme",
    "revision": "head",
    "url": "redis:///",
    "since": "2026-11-01T00:00+00:00",
    "events": "7",
}
# Commands that need one of several options.
_CUSTOMER = ["--customer", "Ada", "--tenant", "acme"]
ONE_OF = {
    "tenant set": ["--locale", "en_GB"],
    "user rename": ["--name", "Ana"],
    "relay retry": ["--all"],
    "audit list": ["--tenant", "acme"],
    "privacy export": _CUSTOMER,
    "privacy erase": _CUSTOMER,
}
TYPED = "correct horse battery staple 17\n" * 2


def leaves(command: click.Command, info: ScriptInfo, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Each command below a group, with its words."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    # `with` also closes the app context that the command opens.
    with click.Context(command, info_name="flask", obj=info) as context:
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, info, (*path, name))


def _commands() -> dict[str, click.Command]:
    """All commands of `flask` by their words."""
    config = Config.from_env(
        {"DATABASE_URL": "postgresql://nowhere/x", "REDIS_URL": "redis://nowhere/0", "SECRET_KEY": "s" * 40}
    )
    known = leaves(FlaskGroup(), ScriptInfo(create_app=lambda: create_app(config)))
    return {name: command for name, command in list(known) if name not in OF_FLASK | OF_MIGRATE | ITS_OWN}


COMMANDS = _commands()


def arguments(name: str, file: Path) -> list[str]:
    """The command line with a plausible value for each required parameter."""
    given = name.split()
    for parameter in COMMANDS[name].params:
        if not parameter.required:
            continue
        value = VALUES.get(parameter.name or "", "acme")
        if isinstance(parameter.type, click.Choice):
            value = str(parameter.type.choices[0])
        elif isinstance(parameter.type, click.Path):
            value = str(file)
        given += [value] if isinstance(parameter, click.Argument) else [parameter.opts[0], value]
    return given + ONE_OF.get(name, [])


@pytest.fixture
def orders_file(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    file.write_text("number,customer,placed at,total\n1,Ada,2026-11-20,10.00\n")
    return file


def ask(config: Config, given: list[str]) -> Result:
    """Run as `flask` does: the command group loads the app."""
    return CliRunner().invoke(FlaskGroup(create_app=lambda: create_app(config)), given, input=TYPED)


def is_one_sentence(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    errors = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, result.output
    assert words in errors[0], result.output
    assert "Traceback" not in result.output


def _url(service: Service, *, user: str = "postgres", dbname: str = "", password: str = "") -> str:
    parts = conninfo_to_dict(service.database_url)
    login = f"{user}:{password}" if password else user
    return f"postgresql://{login}@/{dbname or parts['dbname']}?host={str(parts['host']).replace('/', '%2F')}"


def test_commands_of_all_groups_are_found() -> None:
    assert {"tenant list", "user create", "orders import", "rollups rebuild", "db upgrade", "db current"} <= set(
        COMMANDS
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_an_absent_server(service: Service, name: str, orders_file: Path) -> None:
    config = config_for(service, DATABASE_URL=f"postgresql://postgres@127.0.0.1:{free_port()}/doorbell")
    result = ask(config, arguments(name, orders_file))
    is_one_sentence(result, "PostgreSQL does not answer: ")
    assert "Connection refused. Check that it runs" in result.output, "libpq's own question is left out"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_that_refuses(service: Service, name: str, orders_file: Path) -> None:
    config = config_for(service, DATABASE_URL=_url(service, dbname="nowhere"))
    is_one_sentence(ask(config, arguments(name, orders_file)), 'database "nowhere" does not exist')


@pytest.fixture
def guarded(embedded: Embedded, conn: psycopg.Connection) -> Iterator[str]:
    """A role that needs its password."""
    role = f"guarded_{os.getpid()}"
    rules = embedded.directory / "postgres" / "pg_hba.conf"
    before = rules.read_text()
    conn.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'right'").format(sql.Identifier(role)))
    rules.write_text(f"local all {role} scram-sha-256\n{before}")
    conn.execute("SELECT pg_reload_conf()")
    yield role
    rules.write_text(before)
    conn.execute("SELECT pg_reload_conf()")
    conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_a_wrong_password(service: Service, guarded: str, orders_file: Path) -> None:
    config = config_for(service, DATABASE_URL=_url(service, user=guarded, password="wrong-secret"))
    for name in COMMANDS:
        result = ask(config, arguments(name, orders_file))
        is_one_sentence(result, "password authentication failed")
        assert "Check user and password in DATABASE_URL" in result.output
        assert "wrong-secret" not in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_that_is_read_only(service: Service, conn: psycopg.Connection, name: str, orders_file: Path) -> None:
    """Commands that only read work there."""
    World(conn).tenant()
    conn.execute(
        sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(sql.Identifier(conn.info.dbname))
    )
    given = arguments(name, orders_file)
    result = ask(config_for(service), ["tenant", "create", "new", *given[3:]] if name == "tenant create" else given)
    if result.exit_code:
        assert result.exit_code in (1, 2), result.output
        assert isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
    if name in ("tenant create", "rollups rebuild", "orders import"):
        is_one_sentence(result, "server is read-only")


@pytest.fixture
def empty(service: Service, conn: psycopg.Connection) -> Iterator[Service]:
    """A database without any table."""
    name = f"{conn.info.dbname}_empty"
    conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield Service(_url(service, dbname=name), service.redis_url)
    conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_database_that_is_not_migrated(empty: Service, orders_file: Path) -> None:
    for name in COMMANDS:
        if name.startswith("db "):
            # These are the remedy.
            continue
        is_one_sentence(ask(config_for(empty), arguments(name, orders_file)), "Run: flask db upgrade")


def test_a_schema_that_does_not_exist(empty: Service, orders_file: Path) -> None:
    """Other commands propose `flask db upgrade`, so its own error must name the missing schema."""
    config = config_for(empty, DATABASE_URL=f"{_url(empty)}&options=-csearch_path%3Dabsent")
    for name in COMMANDS:
        wanted = "CREATE SCHEMA" if name == "db upgrade" else "Run: flask db upgrade"
        if not name.startswith("db ") or name == "db upgrade":
            is_one_sentence(ask(config, arguments(name, orders_file)), wanted)


def test_a_bug_keeps_its_traceback(service: Service, conn: psycopg.Connection) -> None:
    """In a migrated database a missing column is not a missing migration."""
    conn.execute("ALTER TABLE tenants RENAME COLUMN locale TO language")
    result = ask(config_for(service), ["tenant", "list"])
    assert "UndefinedColumn" in repr(result.exception)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_absent_redis(service: Service, conn: psycopg.Connection, name: str, orders_file: Path) -> None:
    """The change is kept, and the message names the notification that failed."""
    world = World(conn)
    world.order(world.tenant())
    result = ask(
        config_for(service, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0"),
        ["tenant", "create", "new", *arguments(name, orders_file)[3:]]
        if name == "tenant create"
        else arguments(name, orders_file),
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    if name == "rollups rebuild":
        is_one_sentence(result, "Open boards were not notified, because Redis does not answer")
        assert "Rebuilt the rollups of 1 tenant." in result.output
