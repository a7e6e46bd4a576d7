"""flask tenant and flask user, as an operator types them."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from webapp import create_app
from webapp.accounts import passwords
from webapp.rollups import refresh

from ..conftest import config_for
from ..support.world import Service, World

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
        ("", "Acme Ltd", "The slug 'Acme Ltd' is not valid. Use 1 to 63 of a-z"),
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
    assert "tenant 'acme' already exists" in refused.stderr


@pytest.mark.parametrize(
    ("option", "value", "password", "says"),
    [
        ("", "ana", PASSWORD, "'ana' is not an e-mail address"),
        ("--tenant", "acne", PASSWORD, "There is no tenant 'acne'. Existing tenants: acme."),
        ("--name", "", PASSWORD, "0 characters"),
        ("", "ana@example.com", "short", "has 5 characters; 10 to 1000"),
        ("", "ana@example.com", "", "has 0 characters"),
        ("", "TAKEN@example.com", PASSWORD, "user 'TAKEN@example.com' already exists"),
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


@pytest.mark.parametrize(
    ("password", "says"),
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
def test_a_password_that_is_guessed_first_is_refused(app: Flask, world: World, password: str, says: str) -> None:
    world.user(world.tenant(name="Acme Traders"), "Ana Silva", email="ana@example.com")
    refused = flask(app, "user", "password", "ana@example.com", "--password-stdin", types=password)
    assert (refused.exit_code, refused.stderr.count("\n"), password in refused.stderr) == (2, 1, False)
    assert says in refused.stderr
    assert rows(world, "password_hash", "users") == [(None,)]


@pytest.mark.parametrize("password", ["1234567890", "ana@example.com", "AcmeTraders2026"])
def test_no_user_is_made_with_a_password_that_is_guessed_first(app: Flask, world: World, password: str) -> None:
    world.tenant(name="Acme Traders")
    assert flask(app, *USER, "--password-stdin", types=password).exit_code == 2
    assert rows(world, "id", "users") == []


@pytest.fixture
def ana(world: World) -> int:
    return world.user(world.tenant(), email="ana@example.com", password_hash="h")


def test_a_user_is_disabled_and_enabled_and_the_list_says_so(app: Flask, world: World, ana: int) -> None:
    done = flask(app, "user", "disable", "Ana@Example.com")
    assert done.output == ("Disabled Ana@Example.com; their orders stay theirs. They are signed out everywhere.\n")
    assert "disabled already. Nothing was changed." in flask(app, "user", "disable", "ana@example.com").output
    assert rows(world, "disabled_at <= now(), sessions_from <= now()", "users") == [(True, True)]
    assert "disabled 20" in flask(app, "user", "list").output
    assert flask(app, "user", "enable", "ana@example.com").output == "Enabled ana@example.com.\n"
    assert "is not disabled" in flask(app, "user", "enable", "ana@example.com").output
    assert rows(world, "disabled_at", "users") == [(None,)]
    assert "active" in flask(app, "user", "list").output


def test_a_user_with_orders_can_be_disabled_and_keeps_them(app: Flask, world: World, ana: int) -> None:
    world.order(1, owner_id=ana)
    assert flask(app, "user", "disable", "ana@example.com").exit_code == 0
    assert rows(world, "owner_id", "orders") == [(ana,)]


def test_who_is_enabled_without_a_password_gets_the_next_step(app: Flask, world: World, ana: int) -> None:
    world.conn.execute("UPDATE users SET password_hash = NULL")
    assert "Set one: flask user password ana@example.com" in flask(app, "user", "enable", "ana@example.com").output


def test_a_role_is_changed_once(app: Flask, world: World, ana: int) -> None:
    assert flask(app, "user", "role", "ana@example.com", "manager").output == (
        "ana@example.com has the role manager now. They are signed out everywhere.\n"
    )
    ((changed_at,),) = rows(world, "sessions_from", "users")
    assert "already" in flask(app, "user", "role", "ana@example.com", "manager").output
    assert rows(world, "role, sessions_from", "users") == [("manager", changed_at)]
    assert "'manager', 'sales'" in flask(app, "user", "role", "ana@example.com", "boss").stderr


def test_a_user_is_renamed_and_stays_signed_in(app: Flask, world: World, ana: int) -> None:
    done = flask(app, "user", "rename", "ana@example.com", "--name", " Ana Sá ", "--email", "Ana.Sa@example.com")
    assert "Renamed ana@example.com: the name 'Ana Sá' and the e-mail Ana.Sa@example.com." in done.output
    assert rows(world, "name, email, sessions_from", "users") == [("Ana Sá", "Ana.Sa@example.com", None)]


def test_signing_a_user_out_moves_the_instant_from_which_sessions_count(app: Flask, world: World, ana: int) -> None:
    for _ in range(2):
        before = rows(world, "sessions_from", "users")
        assert flask(app, "user", "sign-out", "ana@example.com").output == (
            "ana@example.com: They are signed out everywhere.\n"
        )
        assert rows(world, "sessions_from", "users") != before


@pytest.mark.parametrize(
    ("command", "says"),
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
def test_a_change_that_cannot_be_is_refused_in_one_line(
    app: Flask, world: World, ana: int, command: list[str], says: str
) -> None:
    world.user(1, "Ben Okafor", email="ben@example.com")
    before = rows(world, "*", "users")
    refused = flask(app, "user", *command)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert says in refused.stderr
    assert rows(world, "*", "users") == before


def test_without_redis_a_user_is_signed_out_all_the_same(service: Service, world: World, ana: int) -> None:
    app = create_app(config_for(service, REDIS_URL="redis://127.0.0.1:1/0"))
    done = flask(app, "user", "sign-out", "ana@example.com")
    assert (done.exit_code, "Redis does not answer" in done.output) == (0, True)
    assert rows(world, "sessions_from IS NOT NULL", "users") == [(True,)]


def test_a_tenant_is_renamed_and_its_values_are_set(app: Flask, world: World) -> None:
    world.tenant()
    assert "Changed tenant acme: name 'Acme & Sons'." in flask(app, "tenant", "rename", "acme", " Acme & Sons ").output
    done = flask(app, "tenant", "set", "acme", "--locale", "de_DE", "--currency", "USD", "--timezone", "Europe/Berlin")
    assert "Changed tenant acme: locale 'de_DE', currency 'USD'." in done.output
    assert rows(world, "name, timezone, locale, currency", "tenants") == [
        ("Acme & Sons", "Europe/Berlin", "de_DE", "USD")
    ]
    assert "already. Nothing was changed." in flask(app, "tenant", "set", "acme", "--locale", "de_DE").output


def test_with_another_time_zone_the_days_are_counted_again(app: Flask, service: Service, world: World) -> None:
    tenant = world.tenant()
    world.order(tenant, placed_at="2026-11-20T23:30:00Z", paid_at="2026-11-20T23:30:00Z")
    refresh.rebuild(service.database_url)
    assert rows_of_days(world) == ["2026-11-21"]
    done = flask(app, "tenant", "set", "acme", "--timezone", "America/New_York")
    assert (done.exit_code, "Counted its past days again." in done.output) == (0, True)
    assert rows_of_days(world) == ["2026-11-20"]


def rows_of_days(world: World) -> list[str]:
    return [str(day) for (day,) in world.conn.execute("SELECT day FROM rollups_daily ORDER BY day").fetchall()]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["rename", "acne", "Acme"], "There is no tenant 'acne'. Existing tenants: acme."),
        (["rename", "acme", " "], "0 characters"),
        (["set", "acme"], "Give --name, --timezone, --locale or --currency."),
        (["set", "acme", "--timezone", "berlin"], "Did you mean Europe/Berlin?"),
        (["set", "acme", "--locale", "german"], "like en_GB or de_DE"),
        (["set", "acme", "--name", "Other", "--currency", "eur"], "Did you mean EUR"),
        (
            ["set", "acme", "--name", "Other", "--currency", "USD"],
            "The tenant 'acme' has orders in EUR, so its currency",
        ),
    ],
)
def test_a_tenants_change_that_cannot_be_is_refused_in_one_line(
    app: Flask, world: World, command: list[str], says: str
) -> None:
    world.order(world.tenant())
    before = rows(world, "*", "tenants")
    refused = flask(app, "tenant", *command)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert says in refused.stderr
    assert rows(world, "*", "tenants") == before, "nothing half done"
