"""Attackers, a lying provider and lost connections: each is refused, in words, and the honest way works beside it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import psycopg
import pytest
from flask import Flask

from webapp.accounts import sessions
from webapp.services import services

from ..support.oidc.process import CLIENT_ID, Provider
from ..support.oidc.visitor import Visitor
from ..support.world import World
from .conftest import connect

ANA = "ana@northwind.example"


@pytest.mark.parametrize(
    ("lies", "reason"),
    [
        ({"token": {"nonce": "another"}}, "token not valid: nonce"),
        ({"token": {"iss": "https://evil.example"}}, "token not valid: iss"),
        ({"token": {"aud": "another client"}}, "token not valid: aud"),
        ({"token": {"aud": ["another", CLIENT_ID], "azp": "another"}}, "token not valid: azp"),
        ({"token": {"exp": 1_700_000_000}}, "token not valid: exp"),
        ({"token": {"iat": 4_000_000_000}}, "token not valid: iat"),
        ({"token": {}, "foreignKey": True}, "token not valid: BadSignatureError"),
        ({"answer": {"iss": "https://evil.example"}}, "answer of another issuer"),
        ({"answer": {"iss": None}}, "answer of another issuer"),
        ({"userinfo": {"sub": "another person"}}, "subjects differ"),
    ],
)
@pytest.mark.usefixtures("northwind")
def test_a_lie_of_the_provider_is_refused(
    app: Flask, provider: Provider, conn: psycopg.Connection, lies: dict[str, Any], reason: str
) -> None:
    provider.lie(**lies)
    visitor = Visitor(app)
    response = visitor.sign_in(ANA)
    assert response.status_code in (403, 502)
    assert visitor.name() is None
    failed = conn.execute("SELECT details->>'reason' FROM audit_log WHERE kind = 'sign_in_failed'").fetchall()
    assert failed == [(reason,)]
    assert conn.execute("SELECT count(*) FROM users").fetchone() == (0,)
    provider.reset()
    assert Visitor(app).sign_in(ANA).status_code == 303


@pytest.mark.usefixtures("northwind")
def test_a_clock_that_is_half_a_minute_late_is_accepted(visitor: Visitor, provider: Provider) -> None:
    now = int(time.time())
    provider.lie(token={"iat": now + 30, "exp": now - 30})
    assert visitor.sign_in(ANA).status_code == 303


@pytest.mark.usefixtures("northwind")
def test_rotated_keys_are_fetched_at_the_next_sign_in(app: Flask, visitor: Visitor, provider: Provider) -> None:
    assert visitor.sign_in(ANA).status_code == 303
    kept = services(app).providers.get(provider.issuer, reach=None)  # type: ignore[arg-type]  # it is kept
    before = kept.jwks
    provider.restart()
    assert Visitor(app).sign_in(ANA).status_code == 303
    assert kept.jwks != before


@pytest.mark.usefixtures("northwind")
def test_a_provider_that_is_down_is_named_in_words(app: Flask, visitor: Visitor, provider: Provider) -> None:
    url = visitor.answer_url(ANA)
    provider.stop()
    try:
        begun = Visitor(app).begin(ANA)
        # The description is kept for some minutes, so the page leads on to a provider that does not answer.
        assert begun.status_code == 200
        services(app).providers.forget(provider.issuer)
        for response in (Visitor(app).begin(ANA), visitor.open(url)):
            assert response.status_code == 503
            assert "the connection was refused" in response.text
            assert "Try again" in response.text
    finally:
        provider.start()


@pytest.mark.usefixtures("northwind")
def test_an_answer_is_taken_once_and_only_in_the_browser_that_began(app: Flask, visitor: Visitor) -> None:
    url = visitor.answer_url(ANA)
    stranger = Visitor(app)
    assert stranger.open(url).status_code == 403
    assert stranger.name() is None
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    assert visitor.open(url).status_code == 303
    # The cookie from before the sign-in comes back with the state in it.
    visitor.client.set_cookie("session", cookie.value)
    repeated = visitor.open(url)
    assert repeated.status_code == 403
    assert "was already used" in repeated.text
    assert visitor.name() is None


@pytest.mark.usefixtures("northwind")
def test_a_code_of_another_sign_in_is_refused(app: Flask, visitor: Visitor) -> None:
    """An attacker's own code, in the browser of a victim who has begun a sign-in: PKCE binds a code to its browser."""
    stolen = parse_qs(urlsplit(Visitor(app).answer_url("mallory@northwind.example")).query)["code"][0]
    mine = urlsplit(visitor.answer_url(ANA))
    query = {name: values[0] for name, values in parse_qs(mine.query).items()} | {"code": stolen}
    response = visitor.open(mine._replace(query=urlencode(query)).geturl())
    assert response.status_code == 403
    assert "has expired or was already used" in response.text
    assert visitor.name() is None


@pytest.mark.usefixtures("northwind")
def test_the_answer_of_another_companys_provider_is_refused(visitor: Visitor, app: Flask, provider: Provider) -> None:
    """A mix-up: the settings change to another issuer between the way there and the answer."""
    url = visitor.answer_url(ANA)
    connect(app, 1, provider, issuer="https://login.evil.example", default_role="admin")
    response = visitor.open(url)
    assert response.status_code == 403
    assert "were changed meanwhile" in response.text


@pytest.mark.usefixtures("northwind")
def test_a_person_who_cancels_reads_what_happened(visitor: Visitor) -> None:
    url = visitor.refuse_there(visitor.provider_url(ANA))
    response = visitor.open(url)
    assert response.status_code == 403
    assert "was cancelled" in response.text
    assert visitor.open(url).status_code == 403


def test_an_answer_that_fails_for_another_companys_user_is_recorded_without_that_users_name(
    visitor: Visitor, world: World, northwind: int
) -> None:
    zed = world.user(world.tenant("zero"), "Zed Zero", role="admin")
    with visitor.client.session_transaction() as session:
        session.update(_user_id=str(zed), _fresh=True, **sessions.new(3600))
    url = visitor.refuse_there(visitor.provider_url(ANA))
    assert visitor.open(url).status_code == 403
    assert visitor.name() == str(zed), "a refused sign-in ends no session"
    found = world.conn.execute("SELECT tenant_id, kind, actor_id, actor_name FROM audit_log ORDER BY id DESC LIMIT 1")
    assert found.fetchone() == (northwind, "sign_in_failed", None, None)
    assert visitor.sign_in(ANA).status_code == 303
    assert visitor.name() not in (None, str(zed))


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "/panels/revenue"])
@pytest.mark.usefixtures("northwind")
def test_a_sign_in_leads_to_no_other_site(visitor: Visitor, back: str) -> None:
    assert visitor.sign_in(ANA, next=back).location == "/"


def test_the_request_has_pkce_state_and_nonce(visitor: Visitor, northwind: int) -> None:
    query = parse_qs(urlsplit(visitor.provider_url(ANA)).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert len(query["state"][0]) >= 30
    assert len(query["nonce"][0]) >= 20
    assert query["login_hint"] == [ANA]


def test_private_addresses_are_not_reached_unless_the_operator_allows_them(
    service: Any, world: World, provider: Provider
) -> None:
    from webapp import create_app

    from ..conftest import config_for

    strict = create_app(config_for(service))
    tenant = world.tenant("northwind")
    connect(strict, tenant, provider)
    world.conn.execute("INSERT INTO sso_domains (tenant_id, domain) VALUES (%s, 'northwind.example')", [tenant])
    response = Visitor(strict).begin(ANA)
    assert response.status_code == 503
    assert "WEBHOOK_ALLOW" in response.text


def test_an_unknown_domain_is_answered_in_words_and_names_no_company(visitor: Visitor, northwind: int) -> None:
    for email, words in (
        ("x@contoso.example", "not set up for addresses of contoso.example"),
        ("ana", "not a valid e-mail"),
    ):
        response = visitor.begin(email)
        assert response.status_code == 422
        assert words in response.text
        assert "orthwind" not in response.text
