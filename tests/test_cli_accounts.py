"""flask tenant and flask user, as an operator types them."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from webapp import passwords

from .world import World

TENANT = ["tenant", "create", "acme", "--name", "Acme Ltd", "--timezone", "Europe/Berlin", "--currency", "EUR"]
TENANT += ["--locale", "de_DE"]
USER = ["user", "create", "ana@example.com", "--tenant", "acme", "--name", "Ana Silva"]
PASSWORD = "correct horse battery"


def flask(app: Flask, *args: str, types: str = "") -> Result:
    return app.test_cli_runner().invoke(args=args, input=types)


def with_option(command: list[str], option: str, value: str) -> list[str]:
    if option == "":
        return [*command[:2], value, *command[3:]]
    at = command.index(option) + 1
    return [*command[:at], value, *command[at + 1 :]]


def rows(world: World, columns: str, table: str) -> list[tuple[Any, ...]]:
    return world.conn.execute(f"SELECT {columns} FROM {table} ORDER BY id").fetchall()


def test_a_tenant_and_a_user_are_made_and_listed(app: Flask, world: World) -> None:
    assert flask(app, *TENANT).exit_code == 0
    made = flask(app, *USER, "--role", "manager", "--password-stdin", types=PASSWORD + "\n")
    assert (made.exit_code, made.stderr) == (0, "")
    assert rows(world, "slug, name, timezone, currency, locale", "tenants") == [
        ("acme", "Acme Ltd", "Europe/Berlin", "EUR", "de_DE")
    ]
    ((email, role, password_hash),) = rows(world, "email, role, password_hash", "users")
    assert (email, role) == ("ana@example.com", "manager")
    assert password_hash.startswith("$argon2id$")
    assert passwords.matches(password_hash, PASSWORD)
    assert flask(app, "tenant", "list").output.splitlines()[1].split() == [
        "acme", "Acme", "Ltd", "Europe/Berlin", "EUR", "de_DE", "1",
    ]  # fmt: skip
    assert "ana@example.com" in flask(app, "user", "list", "--tenant", "acme").output
    assert "no users" in flask(app, "user", "list", "--tenant", "other").output


def test_the_password_is_asked_for_twice_and_not_shown(app: Flask, world: World) -> None:
    world.tenant()
    made = flask(app, *USER, types=f"{PASSWORD}\nslip of the hand\n{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0
    assert PASSWORD not in made.output
    assert "do not match" in made.output
    assert rows(world, "role", "users") == [("sales",)]


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("", "Acme Ltd", "The slug 'Acme Ltd' cannot be used; allowed: 1 to 63 of a-z"),
        ("--name", " ", "0 characters"),
        ("--timezone", "berlin", "Did you mean Europe/Berlin?"),
        ("--timezone", "Europe/Berlinn", "Did you mean Europe/Berlin"),
        ("--timezone", "../../etc/passwd", "is not known"),
        ("--currency", "EURO", "Did you mean"),
        ("--currency", "eur", "Did you mean EUR"),
        ("--currency", "€", "Use one like EUR"),
        ("--locale", "german", "like en_GB or de_DE"),
        ("--locale", "xx_YY", "like en_GB or de_DE"),
    ],
)
def test_a_tenant_that_cannot_be_is_refused_in_one_line(
    app: Flask, world: World, option: str, value: str, says: str
) -> None:
    refused = flask(app, *with_option(TENANT, option, value))
    assert refused.exit_code == 2
    assert says in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert rows(world, "id", "tenants") == []


def test_a_second_tenant_of_a_slug_is_refused(app: Flask, world: World) -> None:
    flask(app, *TENANT)
    refused = flask(app, *TENANT)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "a tenant 'acme' already" in refused.stderr


@pytest.mark.parametrize(
    ("option", "value", "password", "says"),
    [
        ("", "ana", PASSWORD, "'ana' is not an e-mail address"),
        ("--tenant", "acne", PASSWORD, "There is no tenant 'acne'; there are: acme."),
        ("--name", "", PASSWORD, "0 characters"),
        ("", "ana@example.com", "short", "has 5 characters; 10 to 1000"),
        ("", "ana@example.com", "", "has 0 characters"),
        ("", "TAKEN@example.com", PASSWORD, "a user 'TAKEN@example.com' already"),
    ],
)
def test_a_user_that_cannot_be_is_refused_in_one_line(
    app: Flask, world: World, option: str, value: str, password: str, says: str
) -> None:
    world.user(world.tenant(), email="taken@example.com")
    refused = flask(app, *with_option(USER, option, value), "--password-stdin", types=password)
    assert refused.exit_code == 2
    assert says in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert password == "" or password not in refused.output
    assert len(rows(world, "id", "users")) == 1


def test_a_role_that_is_not_known_is_refused(app: Flask, world: World) -> None:
    world.tenant()
    refused = flask(app, *USER, "--role", "boss", "--password-stdin", types=PASSWORD)
    assert refused.exit_code == 2
    assert "'manager', 'sales'" in refused.stderr


def test_a_new_password_replaces_the_old_one(app: Flask, world: World) -> None:
    world.user(world.tenant(), email="ana@example.com", password_hash=passwords.hash_password("the old password"))
    done = flask(app, "user", "password", "Ana@Example.com", "--password-stdin", types=PASSWORD)
    assert done.exit_code == 0
    ((password_hash,),) = rows(world, "password_hash", "users")
    assert passwords.matches(password_hash, PASSWORD)
    assert not passwords.matches(password_hash, "the old password")


def test_a_password_for_nobody_is_refused_before_it_is_asked_for(app: Flask) -> None:
    refused = flask(app, "user", "password", "who@example.com")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "There is no user 'who@example.com'" in refused.stderr


def test_a_locale_that_is_too_long_for_the_database_is_refused(app: Flask, world: World) -> None:
    result = flask(app, *with_option(TENANT, "--locale", "de_DE" + "_X" * 100))
    assert (result.exit_code, "is not known" in result.stderr) == (2, True)
    assert rows(world, "slug", "tenants") == []
