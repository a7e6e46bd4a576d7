"""`flask user`, as an operator runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from webapp import cli, create_app
from webapp.accounts import passwords

from ..conftest import config_for
from ..support.account_commands import PASSWORD, TENANT, USER, flask, rows, with_option
from ..support.world import Service, World


def test_a_tenant_and_a_user_are_created_and_listed(app: Flask, world: World) -> None:
    assert flask(app, *TENANT).exit_code == 0
    created = flask(app, *USER, "--role", "manager", "--password-stdin", types=PASSWORD + "\n")
    assert (created.exit_code, created.stderr) == (0, "")
    assert rows(world, "slug, name, timezone, currency, locale", "tenants") == [
        ("acme", "Acme Ltd", "Europe/Berlin", "EUR", "de_DE")
    ]
    ((email, role, password_hash),) = rows(world, "email, role, password_hash", "users")
    assert (email, role) == ("ana@example.com", "manager")
    assert password_hash.startswith("$argon2id$")
    assert passwords.matches(password_hash, PASSWORD)
    assert flask(app, "tenant", "list").output.splitlines()[1].split() == [
        "acme", "Acme", "Ltd", "Europe/Berlin", "EUR", "de_DE", "on", "1",
    ]  # fmt: skip
    assert "ana@example.com" in flask(app, "user", "list", "--tenant", "acme").output
    assert "no users" in flask(app, "user", "list", "--tenant", "other").output


def test_a_name_is_no_command_to_the_terminal_and_no_row_of_its_own(app: Flask, world: World) -> None:
    world.user(world.tenant(name="Acme\x9b31m"), "Eva\x1b]0;owned\x07\u202e\r\nother", email="eva@example.com")
    listed = app.test_cli_runner().invoke(args=["user", "list"], color=True).output
    assert len(listed.splitlines()) == 2
    assert r"Eva\u001b]0;owned\u0007\u202e\u000d\u000aother" in listed
    assert r"Acme\u009b31m" in app.test_cli_runner().invoke(args=["tenant", "list"], color=True).output


def test_all_commands_print_by_the_function_that_replaces_control_characters() -> None:
    files = sorted(Path(cli.__file__).parent.glob("*.py"))
    assert [file.name for file in files if "click.echo(" in file.read_text()] == ["__init__.py"]


def test_the_password_is_typed_twice_and_not_shown(app: Flask, world: World) -> None:
    world.tenant()
    created = flask(app, *USER, types=f"{PASSWORD}\nslip of the hand\n{PASSWORD}\n{PASSWORD}\n")
    assert created.exit_code == 0
    assert PASSWORD not in created.output
    assert "do not match" in created.output
    assert rows(world, "role", "users") == [("sales",)]


@pytest.mark.parametrize(
    ("option", "value", "password", "words"),
    [
        ("", "ana", PASSWORD, "'ana' is not an e-mail address"),
        ("--tenant", "acne", PASSWORD, "There is no tenant 'acne'. Existing tenants: acme."),
        ("--name", "", PASSWORD, "0 characters"),
        ("", "ana@example.com", "short", "has 5 characters; 10 to 1000"),
        ("", "ana@example.com", "", "has 0 characters"),
        ("", "TAKEN@example.com", PASSWORD, "user 'TAKEN@example.com' already exists"),
    ],
)
def test_an_invalid_user_is_refused_in_one_line(
    app: Flask, world: World, option: str, value: str, password: str, words: str
) -> None:
    world.user(world.tenant(), email="taken@example.com")
    refused = flask(app, *with_option(USER, option, value), "--password-stdin", types=password)
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert password == "" or password not in refused.output
    assert len(rows(world, "id", "users")) == 1


def test_an_unknown_role_is_refused(app: Flask, world: World) -> None:
    world.tenant()
    refused = flask(app, *USER, "--role", "boss", "--password-stdin", types=PASSWORD)
    assert refused.exit_code == 2
    assert "'viewer', 'sales', 'manager', 'admin'" in refused.stderr


def test_a_new_password_replaces_the_old_one(app: Flask, world: World) -> None:
    world.user(world.tenant(), email="ana@example.com", password_hash=passwords.hash_password("the old password"))
    done = flask(app, "user", "password", "Ana@Example.com", "--password-stdin", types=PASSWORD)
    assert done.exit_code == 0
    ((password_hash,),) = rows(world, "password_hash", "users")
    assert passwords.matches(password_hash, PASSWORD)
    assert not passwords.matches(password_hash, "the old password")


def test_an_unknown_user_is_refused_before_the_password_prompt(app: Flask) -> None:
    refused = flask(app, "user", "password", "who@example.com")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "There is no user 'who@example.com'" in refused.stderr


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("aaaaaaaaaa", 'The password is easy to guess. Repeats like "aaa" are easy to guess.'),
        ("1234567890", "This is a top-100 common password."),
        ("Password123!", "easy to guess"),
        ("qwertzuiop", "easy to guess"),
        ("ana@example.com", "e-mail address or a related name"),
        ("Ana.Example.Com", "e-mail address or a related name"),
        ("ana silva!", "e-mail address or a related name"),
        ("ACME TRADERS", "e-mail address or a related name"),
        ("AcmeTraders2026", "easy to guess"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(app: Flask, world: World, password: str, words: str) -> None:
    world.user(world.tenant(name="Acme Traders"), "Ana Silva", email="ana@example.com")
    refused = flask(app, "user", "password", "ana@example.com", "--password-stdin", types=password)
    assert (refused.exit_code, refused.stderr.count("\n"), password in refused.stderr) == (2, 1, False)
    assert words in refused.stderr
    assert rows(world, "password_hash", "users") == [(None,)]


@pytest.mark.parametrize("password", ["1234567890", "ana@example.com", "AcmeTraders2026"])
def test_no_user_is_created_with_a_password_that_is_easy_to_guess(app: Flask, world: World, password: str) -> None:
    world.tenant(name="Acme Traders")
    assert flask(app, *USER, "--password-stdin", types=password).exit_code == 2
    assert rows(world, "id", "users") == []


@pytest.fixture
def ana(world: World) -> int:
    return world.user(world.tenant(), email="ana@example.com", password_hash="h")


def test_a_disabled_and_enabled_user_is_listed_as_such(app: Flask, world: World, ana: int) -> None:
    done = flask(app, "user", "disable", "Ana@Example.com")
    assert done.output == ("Disabled Ana@Example.com. They keep their orders. They are signed out everywhere.\n")
    assert "already disabled. Nothing was changed." in flask(app, "user", "disable", "ana@example.com").output
    assert rows(world, "disabled_at <= now(), sessions_from <= now()", "users") == [(True, True)]
    assert "disabled 20" in flask(app, "user", "list").output
    assert flask(app, "user", "enable", "ana@example.com").output == "Enabled ana@example.com.\n"
    assert "is not disabled" in flask(app, "user", "enable", "ana@example.com").output
    assert rows(world, "disabled_at", "users") == [(None,)]
    assert "active" in flask(app, "user", "list").output


def test_a_disabled_user_keeps_the_orders(app: Flask, world: World, ana: int) -> None:
    world.order(1, owner_id=ana)
    assert flask(app, "user", "disable", "ana@example.com").exit_code == 0
    assert rows(world, "owner_id", "orders") == [(ana,)]


def test_enabling_a_user_without_a_password_prints_the_next_step(app: Flask, world: World, ana: int) -> None:
    world.conn.execute("UPDATE users SET password_hash = NULL")
    assert "Set one: flask user password ana@example.com" in flask(app, "user", "enable", "ana@example.com").output


def test_a_role_is_changed_once(app: Flask, world: World, ana: int) -> None:
    assert flask(app, "user", "role", "ana@example.com", "manager").output == (
        "ana@example.com now has the role manager. They are signed out everywhere.\n"
    )
    ((changed_at,),) = rows(world, "sessions_from", "users")
    assert "already" in flask(app, "user", "role", "ana@example.com", "manager").output
    assert rows(world, "role, sessions_from", "users") == [("manager", changed_at)]
    assert "'viewer', 'sales', 'manager', 'admin'" in flask(app, "user", "role", "ana@example.com", "boss").stderr


def test_a_user_is_renamed_and_stays_signed_in(app: Flask, world: World, ana: int) -> None:
    done = flask(app, "user", "rename", "ana@example.com", "--name", " Ana Sá ", "--email", "Ana.Sa@example.com")
    assert "Renamed ana@example.com: the name 'Ana Sá' and the e-mail Ana.Sa@example.com." in done.output
    assert rows(world, "name, email, sessions_from", "users") == [("Ana Sá", "Ana.Sa@example.com", None)]


def test_signing_a_user_out_ends_all_earlier_sessions(app: Flask, world: World, ana: int) -> None:
    for _ in range(2):
        before = rows(world, "sessions_from", "users")
        assert flask(app, "user", "sign-out", "ana@example.com").output == (
            "ana@example.com: They are signed out everywhere.\n"
        )
        assert rows(world, "sessions_from", "users") != before


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["disable", "who@example.com"], "There is no user 'who@example.com'. List all users with: flask user list"),
        (["enable", "who@example.com"], "There is no user"),
        (["sign-out", "who@example.com"], "There is no user"),
        (["role", "who@example.com", "sales"], "There is no user"),
        (["rename", "who@example.com", "--name", "W"], "There is no user"),
        (["rename", "ana@example.com"], "Give --name NAME, --email ADDRESS or both."),
        (["rename", "ana@example.com", "--name", " "], "0 characters"),
        (["rename", "ana@example.com", "--email", "ana"], "'ana' is not an e-mail address"),
        (["rename", "ana@example.com", "--email", "BEN@example.com"], "Another user has the e-mail address 'BEN@exa"),
    ],
)
def test_an_invalid_change_of_a_user_is_refused_in_one_line(
    app: Flask, world: World, ana: int, command: list[str], words: str
) -> None:
    world.user(1, "Ben Okafor", email="ben@example.com")
    before = rows(world, "*", "users")
    refused = flask(app, "user", *command)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert words in refused.stderr
    assert rows(world, "*", "users") == before


def test_a_user_is_signed_out_without_redis(service: Service, world: World, ana: int) -> None:
    app = create_app(config_for(service, REDIS_URL="redis://127.0.0.1:1/0"))
    done = flask(app, "user", "sign-out", "ana@example.com")
    assert (done.exit_code, "Redis does not answer" in done.output) == (0, True)
    assert rows(world, "sessions_from IS NOT NULL", "users") == [(True,)]


def test_the_language_of_a_user_is_changed_and_listed(app: Flask, world: World) -> None:
    world.user(world.tenant(), email="ana@example.com")
    changed = flask(app, "user", "language", "ana@example.com", "de")
    assert (
        changed.output == "ana@example.com now reads German, in pages that are opened from now on, within 10 seconds.\n"
    )
    assert rows(world, "language", "users") == [("de",)]
    assert flask(app, "user", "list").output.splitlines()[1].split()[4:] == ["sales", "de", "none", "active"]
    assert "the language of the browser" in flask(app, "user", "language", "ana@example.com", "browser").output
    assert rows(world, "language", "users") == [(None,)]
    assert "'de', 'ar', 'browser'" in flask(app, "user", "language", "ana@example.com", "tlh").stderr
    assert "no user" in flask(app, "user", "language", "ben@example.com", "de").stderr
