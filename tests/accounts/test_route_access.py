"""The matrix of route_rules.py, requested for real: each route by each role, and by users who may see nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from webapp.accounts import sessions
from webapp.models import ROLES
from webapp.routes.access import is_fragment, public, public_reason

from ..support.browser import Person
from ..support.relay import Relay
from ..support.world import Service, World
from .route_data import SECRETS, SecretCompany, routes, secret_company, state
from .route_rules import ENDLESS, KNOWN_PUBLIC, RULES, YES, expected


@pytest.fixture
def secrets(service: Service, world: World, redis_client: redis.Redis, relay: Relay) -> SecretCompany:
    return secret_company(service, world, redis_client, relay)


class Visitor:
    """A person who requests routes with an empty form and one valid token."""

    def __init__(self, app: Flask, user_id: int | None) -> None:
        self._person = Person(app, user_id)
        self._token = self._person.csrf_token() if user_id else ""

    def request(self, address: str, method: str) -> TestResponse:
        data = {"csrf_token": self._token} if method == "POST" else None
        return self._person.client.open(address, method=method, data=data, headers={"Accept": "text/html"})


def mismatches(
    app: Flask, column: str, new_visitor: Callable[[], Visitor], secrets: SecretCompany
) -> tuple[list[str], list[tuple[Rule, str, str]]]:
    """The routes that do not answer as the table has it; and the text of each answer."""
    visitor, wrong, texts = new_visitor(), [], []
    for rule, method in routes(app):
        if rule.endpoint in KNOWN_PUBLIC:
            continue
        address, wanted = secrets.path(rule), expected(rule.endpoint, column)
        # These end the session of their own visitor.
        sender = new_visitor() if rule.endpoint in ("auth.sign_out", "security.end_all") else visitor
        answer = sender.request(address, method)
        text = "" if rule.endpoint in ENDLESS and answer.status_code == 200 else answer.text
        answer.close()
        is_right = answer.status_code in YES if wanted == "yes" else str(answer.status_code) == wanted
        if not is_right or (wanted == "403" and "Ask " not in text):
            wrong.append(f"{method} {address} ({rule.endpoint}): {answer.status_code}, the table has {wanted}")
        texts.append((rule, address, text))
    return wrong, texts


def test_every_route_has_a_row_and_every_row_has_a_route(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - KNOWN_PUBLIC
    named = {endpoint for endpoint in endpoints if not endpoint.startswith("panels.")} | (endpoints & set(RULES))
    assert named == set(RULES), "a new route needs a row in route_rules.py"
    assert {e for e in endpoints if e.startswith("panels.")}, "the board has panels"


@pytest.mark.parametrize("roles", [("viewer", "sales"), ("manager",), ("admin",)], ids="-".join)
def test_each_route_answers_each_role_as_the_table_has_it(
    app: Flask, world: World, secrets: SecretCompany, roles: tuple[str, ...]
) -> None:
    before = state(world)
    for role in roles:
        user = world.user(secrets.tenant, f"{role.title()} Person", role=role)
        wrong, _texts = mismatches(app, role, lambda user=user: Visitor(app, user), secrets)  # type: ignore[misc]
        assert not wrong, "\n".join(wrong)
    assert (state(world) == before) == ("manager" not in roles and "admin" not in roles)


def test_an_admin_of_another_tenant_sees_and_changes_nothing(app: Flask, world: World, secrets: SecretCompany) -> None:
    stranger = world.user(world.tenant("strangers"), "Stan Ranger", role="admin")
    before = state(world)
    wrong, texts = mismatches(app, "other", lambda: Visitor(app, stranger), secrets)
    assert not wrong, "\n".join(wrong)
    for rule, address, text in texts:
        assert [secret for secret in SECRETS if secret in text] == [], f"{rule.endpoint} {address}"
    assert state(world) == before


def no_session(app: Flask, world: World, tenant: int) -> Person:
    return Person(app)


def disabled(app: Flask, world: World, tenant: int) -> Person:
    user = world.user(tenant, "Dora Disabled", role="admin")
    person = Person(app, user)
    world.conn.execute("UPDATE users SET disabled_at = now() WHERE id = %s", [user])
    return person


def ended(app: Flask, world: World, tenant: int) -> Person:
    person = Person(app, world.user(tenant, "Edda Ended", role="admin"))
    with person.client.session_transaction() as session:
        ended_id = session[sessions.ID]
    world.conn.execute("INSERT INTO ended_sessions (id, expires_at) VALUES (%s, now() + interval '1 day')", [ended_id])
    return person


@pytest.mark.parametrize("visitor", [no_session, disabled, ended])
def test_without_a_valid_session_every_route_asks_for_a_sign_in(
    app: Flask, world: World, secrets: SecretCompany, visitor: Callable[[Flask, World, int], Person]
) -> None:
    person = visitor(app, world, secrets.tenant)
    before, count = state(world), 0
    for rule, method in routes(app, ("GET", "POST", "PUT", "DELETE", "PATCH")):
        if rule.endpoint in KNOWN_PUBLIC:
            continue
        address = secrets.path(rule)
        response = person.client.open(address, method=method)
        if rule.endpoint.partition(".")[0] in ("panels", "stream"):
            assert (response.status_code, response.mimetype) == (401, "text/plain"), address
        else:
            assert response.status_code == 303, address
            assert response.location.startswith("/sign-in"), address
        assert [secret for secret in SECRETS if secret in response.text] == [], address
        count += 1
    assert count > len(RULES)
    assert state(world) == before


def test_each_role_sees_the_secrets_of_its_own_tenant(app: Flask, world: World, secrets: SecretCompany) -> None:
    """Guard of the tests above: the texts that they search for exist."""
    everyone = (
        "orders.index",
        "orders.show",
        "board.index",
        "panels.recent_orders",
        "panels.order",
        "panels.orders_list",
    )
    for role in ROLES:
        person = Person(app, world.user(secrets.tenant, f"{role.title()} Guard", role=role))
        seen = {rule.endpoint: rule for rule, _method in routes(app, ("GET",))}
        for endpoint in everyone:
            assert "secret" in person.get(secrets.path(seen[endpoint])).text.lower(), (role, endpoint)
        assert "777.77" in person.get("/panels/revenue").text, role
    for endpoint in ("relay.index", "relay.delivery", "imports.show", "attached.index", "tv_settings.edit"):
        assert "secret" in person.get(secrets.path(seen[endpoint])).text.lower(), endpoint


def test_every_public_route_is_known_and_gives_its_reason(app: Flask) -> None:
    reasons = {rule.endpoint: public_reason(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    assert {endpoint for endpoint, reason in reasons.items() if reason is not None} == KNOWN_PUBLIC
    assert all(len(reason.split()) > 2 for reason in reasons.values() if reason is not None), reasons


def test_a_new_route_needs_a_sign_in_unless_it_is_marked_as_public(app: Flask) -> None:
    @app.get("/closed")
    def closed() -> str:
        return "for users"

    @app.get("/open")
    @public("for this test")
    def opened() -> str:
        return "for all"

    visitor = app.test_client()
    assert visitor.get("/closed").location == "/sign-in?next=/closed"
    assert visitor.get("/open").text == "for all"


def test_fragments_are_all_addresses_below_the_panels_and_the_stream(app: Flask) -> None:
    with app.test_request_context():
        fragments = ["/panels", "/panels/revenue", "/panels/", "/panels/unknown", "/stream"]
        assert [path for path in fragments if not is_fragment(path)] == []
        assert [path for path in ("/", "/orders", "/panels-of-others", "/streams", "") if is_fragment(path)] == []


def test_a_session_with_an_unknown_user_id_is_signed_out(app: Flask) -> None:
    for user_id in ("999999", "x", "-1", "", "1 OR 1=1", "9" * 30):
        person = Person(app)
        with person.client.session_transaction() as session:
            session["_user_id"] = user_id
        assert person.get("/orders").status_code == 303, user_id


def test_a_signed_in_request_holds_no_connection_before_it_queries(app: Flask, world: World) -> None:
    """A stream lives for minutes, so loading its user must not occupy one of twenty connections."""
    user = world.user(world.tenant())
    with app.test_request_context():
        from flask import session
        from flask_login import current_user

        from webapp.accounts.current import current_tenant
        from webapp.db import db

        session["_user_id"] = str(user)
        assert (current_user.id, current_tenant().slug) == (user, "acme")
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
