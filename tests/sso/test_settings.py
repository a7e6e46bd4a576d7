"""The settings of single sign-on: the page of admins, its test of the connection, and `flask sso`."""

from __future__ import annotations

import psycopg
import pytest
from bs4 import BeautifulSoup
from flask import Flask

from webapp.accounts.passwords import hash_password

from ..support.account_commands import PASSWORD, flask
from ..support.browser import Person
from ..support.oidc.process import CLIENT_ID, CLIENT_SECRET, Provider
from ..support.oidc.visitor import Visitor
from ..support.world import World

PAGE = "/settings/sign-in/single-sign-on"
ANA = "ana@northwind.example"


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant("northwind")


@pytest.fixture
def admin(app: Flask, world: World, tenant: int) -> Person:
    admin = Person(app, world.user(tenant, "Ada Admin", role="admin"))
    admin.check()
    return admin


def fill(admin: Person, **changes: str) -> BeautifulSoup:
    """Send the form as shown with these changes, and return the page that follows."""
    response = admin.send(admin.page(PAGE), PAGE, **changes)
    return admin.page(PAGE) if response.status_code == 303 else BeautifulSoup(response.text, "html.parser")


def connected(admin: Person, provider: Provider, **changes: str) -> BeautifulSoup:
    values = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | changes
    return fill(admin, **values)


def findings(admin: Person) -> str:
    page = admin.send(admin.page(PAGE), f"{PAGE}/test")
    found = BeautifulSoup(page.text, "html.parser").select_one(".sso-findings")
    assert found is not None
    return " ".join(found.text.split())


def test_saved_settings_are_shown_without_the_secret_and_stored_encrypted(
    admin: Person, provider: Provider, conn: psycopg.Connection
) -> None:
    rule = {"rule-0-claim": "groups", "rule-0-value": "doorbell-admins", "rule-0-role": "admin"}
    page = connected(admin, provider, default_role="none", **rule)
    assert CLIENT_SECRET not in page.text
    assert page.select_one("input[name='rule-0-value'][value='doorbell-admins']")
    row = conn.execute("SELECT client_secret, default_role, rules FROM sso_connections").fetchone()
    assert row is not None
    assert CLIENT_SECRET.encode() not in row[0]
    assert row[1:] == (None, [{"claim": "groups", "value": "doorbell-admins", "role": "admin"}])
    changed = conn.execute("SELECT details FROM audit_log WHERE kind = 'sso_changed'").fetchone()
    assert changed is not None
    assert CLIENT_SECRET not in str(changed)


def test_an_unlocked_browser_changes_no_provider_without_the_password(
    app: Flask, world: World, tenant: int, conn: psycopg.Connection
) -> None:
    """The provider states who is who, so another one would sign in as each user of the company."""
    ada = world.user(tenant, "Ada Admin", role="admin", password_hash=hash_password(PASSWORD))
    person, check = Person(app, ada), "/settings/security/password-check"
    link = person.page("/settings/sign-in").select_one(f"a[href*='{check}']")
    assert link is not None
    form = person.page(PAGE)
    values = {"issuer": "https://login.evil.example", "client_id": "evil", "client_secret": "evil"}
    for refused in (person.send(form, PAGE, **values), person.post(f"{PAGE}/removal")):
        assert (refused.status_code, refused.location.partition("?")[0]) == (303, check)
    assert conn.execute("SELECT count(*) FROM sso_connections").fetchone() == (0,)
    assert person.post(str(link["href"]), {"password": PASSWORD}).location == PAGE
    assert person.send(form, PAGE, **values).location == PAGE
    assert person.post(f"{PAGE}/removal").status_code == 303
    entries = "SELECT details ->> 'what' FROM audit_log WHERE kind = 'sso_changed' ORDER BY id"
    assert conn.execute(entries).fetchall() == [("saved",), ("removed",)]


def test_a_new_issuer_needs_its_own_secret(admin: Person, provider: Provider) -> None:
    connected(admin, provider)
    page = fill(admin, issuer="https://login.evil.example", client_secret="")
    assert "Enter the client secret of the new issuer." in page.text
    assert admin.page(PAGE).select_one(f"input[name=issuer][value='{provider.issuer}']")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("issuer", "", "Enter the issuer"),
        ("issuer", "login.example.com", "does not begin with https://"),
        ("issuer", "https://login.example.com/.well-known/openid-configuration", "Enter the part before it"),
        ("issuer", "https://login.microsoftonline.com/{tenantid}/v2.0", "not a plain address"),
        ("issuer", "https://10.0.0.1", "WEBHOOK_ALLOW"),
        ("client_id", "", "Enter the client ID"),
        ("default_role", "owner", "Choose a role of the list"),
        ("rule-0-claim", "groups", "A rule needs a claim and a value"),
    ],
)
def test_an_invalid_field_is_named_and_nothing_is_saved(
    admin: Person, provider: Provider, conn: psycopg.Connection, field: str, value: str, words: str
) -> None:
    page = connected(admin, provider, **{field: value})
    assert words in page.text
    assert conn.execute("SELECT count(*) FROM sso_connections").fetchone() == (0,)


def test_a_second_admin_does_not_overwrite_the_first_unseen(admin: Person, provider: Provider) -> None:
    connected(admin, provider)
    shown = admin.page(PAGE)
    fill(admin, button_text="Sign in with Northwind")
    late = admin.send(shown, PAGE, default_role="none")
    assert late.status_code == 409
    assert "another admin has changed these settings" in late.text


def test_the_test_finds_each_fault_in_words(admin: Person, provider: Provider, world: World, tenant: int) -> None:
    world.conn.execute("INSERT INTO sso_domains (tenant_id, domain) VALUES (%s, 'northwind.example')", [tenant])
    connected(admin, provider)
    assert "Fault" not in findings(admin)
    assert "accepts the client ID and the client secret" in findings(admin)
    fill(admin, client_secret="wrong")
    assert "does not accept the client ID or the client secret" in findings(admin)
    provider.lie(discovery={"issuer": "https://login.other.example"})
    assert "names itself https://login.other.example" in findings(admin)
    provider.lie(discovery={"token_endpoint": "javascript:alert(1)"})
    assert "no valid token_endpoint" in findings(admin)
    provider.lie(discovery={"id_token_signing_alg_values_supported": ["HS256", "none"]})
    assert "does not sign with a private key" in findings(admin)
    provider.lie(discovery={"jwks_uri": "https://10.0.0.1/keys"})
    assert "10.0.0.1 may not be reached" in findings(admin)


def test_the_test_names_a_provider_that_is_away(admin: Person, provider: Provider) -> None:
    connected(admin, provider)
    provider.stop()
    try:
        assert "the connection was refused" in findings(admin)
    finally:
        provider.start()


def test_an_operator_sets_shows_tests_and_removes_a_connection(
    commands: Flask, provider: Provider, tenant: int
) -> None:
    options = ["--issuer", provider.issuer, "--client-id", CLIENT_ID, "--secret-stdin", "--domain", "Northwind.Example"]
    options += ["--rule", "groups=doorbell-admins:admin", "--default-role", "none"]
    done = flask(commands, "sso", "set", "northwind", *options, types=CLIENT_SECRET + "\n")
    assert done.exit_code == 0, done.output
    assert "added northwind.example" in done.output
    shown = flask(commands, "sso", "show").output
    assert "groups=doorbell-admins:admin" in shown
    assert CLIENT_SECRET not in shown + done.output
    tested = flask(commands, "sso", "test", "northwind", "--url", "http://localhost")
    assert (tested.exit_code, "FAULT" in tested.output) == (0, False)
    assert "Turned off" in flask(commands, "sso", "remove", "northwind", "--yes").output
    assert "There is no single sign-on yet" in flask(commands, "sso", "show").output


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--domain", "gmail.com", "public mail service"),
        ("--domain", "contoso.example", "already belongs to the tenant 'contoso'"),
        ("--domain", "north wind", "not valid"),
        ("--rule", "groups:admin", "Write it like groups=doorbell-admins:admin"),
        ("--issuer", "login.example.com", "--issuer, --client-id and --secret-stdin"),
    ],
)
def test_a_domain_of_others_and_wrong_values_are_refused_in_one_line(
    commands: Flask, world: World, tenant: int, option: str, value: str, words: str
) -> None:
    contoso = world.tenant("contoso")
    world.conn.execute("INSERT INTO sso_domains (tenant_id, domain) VALUES (%s, 'contoso.example')", [contoso])
    refused = flask(commands, "sso", "set", "northwind", option, value)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert words in refused.stderr


def test_without_passwords_only_admins_sign_in_with_one(
    app: Flask, commands: Flask, world: World, northwind: int, visitor: Visitor, conn: psycopg.Connection
) -> None:
    password = hash_password(PASSWORD)
    world.user(northwind, "Ana Silva", email=ANA, password_hash=password)
    world.user(northwind, "Ada Admin", email="ada@northwind.example", role="admin", password_hash=password)
    assert flask(commands, "sso", "set", "northwind", "--no-passwords").exit_code == 0
    refused = visitor.post("/sign-in", {"email": ANA, "password": PASSWORD})
    assert (refused.status_code, visitor.name()) == (403, None)
    assert "Passwords are turned off" in refused.text
    assert visitor.post("/sign-in", {"email": "ada@northwind.example", "password": PASSWORD}).status_code == 303
    assert flask(commands, "sso", "set", "northwind", "--passwords").exit_code == 0
    assert Visitor(app).post("/sign-in", {"email": ANA, "password": PASSWORD}).status_code == 303


def test_the_sign_in_page_names_the_company_to_its_own_browsers_only(
    app: Flask, commands: Flask, world: World, northwind: int, visitor: Visitor
) -> None:
    flask(commands, "sso", "set", "northwind", "--button", "Sign in with Northwind")
    assert "Sign in with Northwind" in Visitor(app).page("/sign-in").text
    world.tenant("contoso")
    assert "Sign in with Northwind" not in Visitor(app).page("/sign-in").text
    assert Visitor(app).page("/sign-in").select_one("a[href^='/sign-in/single-sign-on']")
    visitor.sign_in(ANA)
    visitor.post("/sign-out")
    page = visitor.page("/sign-in")
    assert "Sign in with Northwind" in page.text
    assert visitor.sign_in("", login=ANA, way="direct").status_code == 303
