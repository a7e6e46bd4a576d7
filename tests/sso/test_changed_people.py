"""People whose name or e-mail address changed at the provider: the next sign-in takes the new value over, or keeps the old."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask

from ..support.browser import Person
from ..support.oidc.process import Provider
from ..support.oidc.visitor import Visitor
from ..support.world import World

ANA = "ana@northwind.example"
BRAUN = "ana.braun@northwind.example"


def users(conn: psycopg.Connection) -> list[tuple[str, str]]:
    return conn.execute("SELECT name, email FROM users ORDER BY id").fetchall()


def renamings(conn: psycopg.Connection) -> list[tuple[object, ...]]:
    columns = "actor_id = subject_id, details"
    return conn.execute(f"SELECT {columns} FROM audit_log WHERE kind = 'user_renamed' ORDER BY id").fetchall()


@pytest.fixture
def ana(visitor: Visitor, provider: Provider, northwind: int) -> int:
    """A user made by single sign-on; her id."""
    provider.person(ANA, name="Ana Silva", groups=["doorbell-admins"])
    visitor.sign_in(ANA)
    return int(visitor.name() or 0)


def test_a_name_that_changed_at_the_provider_is_the_users_name(
    app: Flask, visitor: Visitor, provider: Provider, conn: psycopg.Connection, ana: int
) -> None:
    provider.person(ANA, name=" Ana\tBraun ", groups=["doorbell-admins"])
    other = Visitor(app)
    assert other.sign_in(ANA).status_code == 303
    assert other.name() == str(ana)
    assert users(conn) == [("Ana Braun", ANA)]
    assert renamings(conn) == [
        (True, {"by": "single sign-on", "person": {"name": ["Ana Silva", "Ana Braun"]}}),
    ]
    for browser in (visitor, other):
        assert "Ana Braun" in browser.page("/settings/profile").text
    shown = other.page("/settings/audit-log?kind=user_renamed").select(".audit-what div")
    assert [line.get_text() for line in shown] == ["Name: Ana Silva → Ana Braun", "Single sign-on"]
    Visitor(app).sign_in(ANA)
    assert len(renamings(conn)) == 1


def test_a_name_set_in_doorbell_stays_until_it_changes_at_the_provider(
    app: Flask, provider: Provider, conn: psycopg.Connection, world: World, northwind: int, ana: int
) -> None:
    admin = Person(app, world.user(northwind, "Mia Admin", role="admin"))
    assert admin.post(f"/settings/users/{ana}/name", {"name": "Ana (Lisbon)"}).status_code == 303
    Visitor(app).sign_in(ANA)
    assert users(conn)[0][0] == "Ana (Lisbon)"
    provider.person(ANA, name="Ana Braun", groups=["doorbell-admins"])
    Visitor(app).sign_in(ANA)
    assert users(conn)[0][0] == "Ana Braun"
    assert len(renamings(conn)) == 2


def test_a_user_of_doorbell_keeps_the_name_when_single_sign_on_links_the_account(
    app: Flask, provider: Provider, conn: psycopg.Connection, world: World, northwind: int
) -> None:
    world.user(northwind, "Ana S.", email=ANA)
    provider.person(ANA, name="Ana Silva")
    for _time in range(2):
        Visitor(app).sign_in(ANA)
    assert (users(conn), renamings(conn)) == ([("Ana S.", ANA)], [])


@pytest.mark.parametrize("name", [None, "", " \n\u202e", ["Ana"], {"first": "Ana"}])
@pytest.mark.usefixtures("ana")
def test_a_name_that_is_missing_or_not_valid_changes_nothing(
    app: Flask, provider: Provider, conn: psycopg.Connection, name: object
) -> None:
    provider.person(ANA, name=name)
    assert Visitor(app).sign_in(ANA).status_code == 303
    assert (users(conn), renamings(conn)) == ([("Ana Silva", ANA)], [])


def test_an_address_that_changed_at_the_provider_is_the_users_and_ends_links_in_the_old_mailbox(
    app: Flask, provider: Provider, conn: psycopg.Connection, northwind: int, ana: int
) -> None:
    conn.execute(
        "INSERT INTO password_resets (tenant_id, token_hash, user_id, expires_at)"
        " VALUES (%s, sha256('x'), %s, now() + interval '1 hour')",
        [northwind, ana],
    )
    provider.person(ANA, name="Ana Silva", email=BRAUN, groups=["doorbell-admins"])
    Visitor(app).sign_in(ANA)
    assert users(conn) == [("Ana Silva", BRAUN)]
    assert renamings(conn) == [(True, {"by": "single sign-on", "person": {"email": [ANA, BRAUN]}})]
    assert conn.execute("SELECT count(*) FROM password_resets").fetchone() == (0,)
    # The company gives the address to another person, who gets an account of their own.
    provider.person("new ana", name="Ana New", email=ANA)
    Visitor(app).sign_in(ANA, login="new ana")
    assert users(conn) == [("Ana Silva", BRAUN), ("Ana New", ANA)]


@pytest.mark.parametrize("slug", ["northwind", "contoso"])
def test_an_address_that_another_account_has_is_not_taken_and_the_user_signs_in(
    app: Flask,
    provider: Provider,
    conn: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
    world: World,
    northwind: int,
    ana: int,
    slug: str,
) -> None:
    tenant = northwind if slug == "northwind" else world.tenant(slug)
    other = world.user(tenant, "Ana Braun", role="admin", email=BRAUN.upper())
    provider.person(ANA, name="Ana Silva", email=BRAUN, groups=["doorbell-admins"])
    again = Visitor(app)
    assert again.sign_in(ANA).status_code == 303
    assert again.name() == str(ana)
    assert users(conn) == [("Ana Silva", ANA), ("Ana Braun", BRAUN.upper())]
    (line,) = [line for line in caplog.messages if "kept an e-mail address" in line]
    assert f"user={ana} tenant={northwind}" in line
    assert "@" not in line
    conn.execute("UPDATE users SET email = 'braun@contoso.example' WHERE id = %s", [other])
    Visitor(app).sign_in(ANA)
    assert users(conn)[0] == ("Ana Silva", BRAUN)


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email": "ana@elsewhere.example"}])
@pytest.mark.usefixtures("ana")
def test_an_address_that_is_not_verified_or_of_another_domain_is_refused(
    app: Flask, provider: Provider, conn: psycopg.Connection, claims: dict[str, object]
) -> None:
    provider.person(ANA, **({"name": "Ana Braun", "email": BRAUN} | claims))
    assert Visitor(app).sign_in(ANA).status_code == 403
    assert (users(conn), renamings(conn)) == ([("Ana Silva", ANA)], [])


@pytest.mark.usefixtures("ana")
def test_an_address_that_an_operator_set_stays_until_it_changes_at_the_provider(
    app: Flask, provider: Provider, conn: psycopg.Connection
) -> None:
    conn.execute("UPDATE users SET email = 'ana@contoso.example'")
    Visitor(app).sign_in(ANA)
    assert users(conn) == [("Ana Silva", "ana@contoso.example")]
    provider.person(ANA, name="Ana Silva", email=BRAUN)
    Visitor(app).sign_in(ANA)
    assert users(conn) == [("Ana Silva", BRAUN)]
