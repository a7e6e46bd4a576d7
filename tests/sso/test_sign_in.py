"""Signing in through a real provider: users are made, found again by their subject, and follow the rules."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask

from ..support.oidc.process import Provider
from ..support.oidc.visitor import Visitor
from ..support.world import World
from .conftest import connect

ANA = "ana@northwind.example"


def users(conn: psycopg.Connection) -> list[tuple[str, str, str]]:
    return conn.execute("SELECT email, name, role FROM users ORDER BY email").fetchall()


@pytest.mark.usefixtures("northwind")
def test_a_first_sign_in_makes_the_user_and_leads_to_the_page(
    visitor: Visitor, provider: Provider, conn: psycopg.Connection
) -> None:
    provider.person(ANA, name="Ana Silva", groups=["doorbell-managers", "staff"])
    response = visitor.sign_in(ANA, next="/orders?status=paid")
    assert (response.status_code, response.location) == (303, "/orders?status=paid")
    assert "Ana Silva" in visitor.page("/settings/profile").text
    assert users(conn) == [(ANA, "Ana Silva", "manager")]


@pytest.mark.usefixtures("northwind")
def test_the_role_follows_the_claims_at_each_sign_in(
    app: Flask, visitor: Visitor, provider: Provider, conn: psycopg.Connection
) -> None:
    provider.person(ANA, groups=["doorbell-managers"])
    visitor.sign_in(ANA)
    provider.person(ANA, groups=["staff"])
    Visitor(app).sign_in(ANA)
    assert users(conn)[0][2] == "sales"
    kinds = [row[0] for row in conn.execute("SELECT kind FROM audit_log ORDER BY id").fetchall()]
    assert [kind for kind in kinds if kind != "sso_changed"] == [
        *("user_created", "sso_sign_in"),
        *("role_changed", "sso_sign_in"),
    ]


@pytest.mark.usefixtures("northwind")
def test_a_sign_in_is_one_entry_of_the_audit_log_with_its_provider_and_session(
    visitor: Visitor, provider: Provider, conn: psycopg.Connection
) -> None:
    provider.person(ANA, name="Ana Silva", groups=["doorbell-admins"])
    visitor.sign_in(ANA)
    columns = "kind, actor_id, actor_name, address, length(session), details"
    (entry,) = conn.execute(f"SELECT {columns} FROM audit_log WHERE kind LIKE '%sign_in'").fetchall()
    details = {"way": "sso", "issuer": provider.issuer}
    assert entry == ("sso_sign_in", int(visitor.name() or 0), "Ana Silva", "127.0.0.1", 8, details)
    shown = visitor.page("/settings/audit-log?kind=sso_sign_in").select_one(".audit-what div")
    assert shown is not None
    assert shown.get_text() == f"Issuer: {provider.issuer}"


@pytest.mark.usefixtures("northwind")
def test_while_the_company_is_to_be_deleted_only_its_admins_sign_in_and_others_read_why(
    app: Flask, visitor: Visitor, provider: Provider, conn: psycopg.Connection
) -> None:
    provider.person(ANA, groups=["staff"])
    conn.execute("UPDATE tenants SET deletion_at = now() + interval '7 days'")
    refused = visitor.sign_in(ANA)
    assert (refused.status_code, "going to be deleted" in refused.text) == (403, True)
    assert visitor.name() is None
    provider.person(ANA, groups=["doorbell-admins"])
    assert Visitor(app).sign_in(ANA).status_code == 303


def test_the_last_admin_stays_one(
    visitor: Visitor, provider: Provider, northwind: int, world: World, conn: psycopg.Connection
) -> None:
    world.user(northwind, "Ana Silva", role="admin", email=ANA)
    provider.person(ANA, groups=["staff"])
    assert visitor.sign_in(ANA).status_code == 303
    assert users(conn)[0][2] == "admin"


def test_a_user_is_linked_by_the_address_once_and_then_found_by_the_subject(
    app: Flask, visitor: Visitor, provider: Provider, northwind: int, world: World, conn: psycopg.Connection
) -> None:
    user = world.user(northwind, "Ana Silva", email="Ana@Northwind.example")
    visitor.sign_in(ANA)
    assert visitor.name() == str(user)
    provider.person(ANA, email="ana.braun@northwind.example")
    other = Visitor(app)
    other.sign_in(ANA)
    assert other.name() == str(user)
    assert len(users(conn)) == 1


@pytest.mark.usefixtures("northwind")
def test_a_new_person_with_a_used_address_does_not_take_over_the_account(
    app: Flask, visitor: Visitor, provider: Provider, conn: psycopg.Connection
) -> None:
    visitor.sign_in(ANA)
    assert visitor.name() is not None
    provider.person("new ana", email=ANA)
    thief = Visitor(app)
    response = thief.sign_in(ANA, login="new ana")
    assert response.status_code == 403
    assert "belongs to another person" in response.text
    assert thief.name() is None
    failed = conn.execute("SELECT subject, details->>'reason' FROM audit_log WHERE kind = 'sign_in_failed'").fetchall()
    assert failed == [(ANA, "subject differs")]


def test_an_address_that_only_postgresql_takes_for_the_same_takes_over_no_account(
    visitor: Visitor, provider: Provider, northwind: int, world: World
) -> None:
    world.user(northwind, "Mia Silva", role="admin", email="mia@northwind.example")
    # Another mailbox; in most locales lower() makes an i of the dotted capital.
    provider.person("thief", email="m\u0130a@northwind.example", groups=["doorbell-managers"])
    response = visitor.sign_in("mia@northwind.example", login="thief")
    assert (response.status_code, visitor.name()) == (403, None)
    assert "belongs to another person" in response.text


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email_verified": False}, "has not verified"),
        ({"email_verified": None}, "has not verified"),
        ({"email": None}, "did not send your e-mail"),
        ({"email": "ana@elsewhere.example"}, "does not belong to a domain of your company"),
        ({"email": "ana@northwind.example.evil.example"}, "does not belong to a domain of your company"),
    ],
)
@pytest.mark.usefixtures("northwind")
def test_a_person_without_a_verified_address_of_the_company_is_refused(
    visitor: Visitor, provider: Provider, conn: psycopg.Connection, claims: dict[str, object], words: str
) -> None:
    provider.person("someone", **({"email": ANA} | claims))
    response = visitor.sign_in(ANA, login="someone")
    assert response.status_code == 403
    assert words in response.text
    assert (visitor.name(), users(conn)) == (None, [])


def test_a_disabled_user_stays_out(visitor: Visitor, northwind: int, world: World, conn: psycopg.Connection) -> None:
    world.user(northwind, "Ana Silva", email=ANA, disabled_at="2026-01-01")
    response = visitor.sign_in(ANA)
    assert (response.status_code, visitor.name()) == (403, None)
    assert "Your account is disabled" in response.text


def test_a_person_whom_no_rule_matches_has_no_access_without_a_default_role(
    app: Flask, visitor: Visitor, provider: Provider, northwind: int, conn: psycopg.Connection
) -> None:
    connect(app, northwind, provider, default_role=None)
    response = visitor.sign_in(ANA)
    assert response.status_code == 403
    assert "you have no access to Doorbell" in response.text
    assert users(conn) == []


def test_a_user_of_another_tenant_is_refused_whatever_the_provider_states(
    app: Flask, visitor: Visitor, provider: Provider, northwind: int, world: World, conn: psycopg.Connection
) -> None:
    """An admin of Northwind chooses the provider. Its domain was granted, but Contoso's user has an address of it."""
    contoso = world.tenant("contoso")
    boss = world.user(contoso, "Carla Boss", role="admin", email="carla@northwind.example")
    response = visitor.sign_in("carla@northwind.example")
    assert response.status_code == 403
    assert "belongs to an account of another company" in response.text
    assert visitor.name() is None
    assert conn.execute("SELECT user_id FROM sso_identities WHERE user_id = %s", [boss]).fetchall() == []
