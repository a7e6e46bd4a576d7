"""Every route, requested signed out and by a user of another tenant. A route without a rule here fails the test."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Rule

from webapp.routes.access import is_fragment, public, public_reason

from ..support.browser import Person
from ..support.world import World
from .route_rules import KNOWN_PUBLIC, PANEL, QUERIES, RULES


def rules(app: Flask) -> list[tuple[Rule, str]]:
    """Each route with each of its methods."""
    ignored = {"HEAD", "OPTIONS"}
    return [(rule, method) for rule in app.url_map.iter_rules() for method in sorted((rule.methods or set()) - ignored)]


def path(rule: Rule, order_id: int, notification_id: int) -> str:
    values: dict[str, object] = {"number": "SECRET-7", "notification_id": notification_id, "order_id": order_id}
    values |= {"name": "secret-hook", "delivery_id": 1, "upload_id": 1, "attachment_id": 1, "kind": "paid"}
    values |= {"day": "2026-12-24", "comment_id": 1, "link_id": 1, "screen_name": "today"} | dict(rule.defaults or {})
    missing = rule.arguments - values.keys()
    assert not missing, f"{rule.endpoint} has new arguments without a value above: {missing}"
    built = rule.build({name: values[name] for name in rule.arguments}, append_unknown=False)
    assert built is not None
    return built[1] + QUERIES.get(rule.endpoint, "")


@pytest.fixture
def secrets(world: World) -> tuple[int, int]:
    """The ids of an order and a notification of a user in another tenant."""
    tenant = world.tenant("secret-tenant", name="Secret Ltd")
    owner = world.user(tenant, "Secret Person")
    order = world.order(tenant, 777_77, number="SECRET-7", customer="Secret Customer", owner_id=owner)
    world.change(order, paid_at="now")
    world.conn.execute(
        "INSERT INTO order_comments (tenant_id, order_id, user_id, written, idempotency_key)"
        " VALUES (%s, %s, %s, 'A secret comment', gen_random_uuid())",
        [tenant, order, owner],
    )
    notification = world.conn.execute("SELECT id FROM notifications").fetchone()
    assert notification is not None
    return order, notification[0]


def state(world: World) -> list[tuple[object, ...]]:
    """The rows of the other tenant that a request could change."""
    rows = world.conn.execute(
        "SELECT id, status, owner_id, refunded_minor, shipped_at, updated_at FROM orders ORDER BY id"
    )
    notes = world.conn.execute("SELECT id, read_at FROM notifications ORDER BY id").fetchall()
    return rows.fetchall() + notes + world.conn.execute("SELECT id, order_id FROM order_comments").fetchall()


def test_every_route_has_a_rule_and_every_rule_has_a_route(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - KNOWN_PUBLIC
    named = {endpoint for endpoint in endpoints if not endpoint.startswith("panels.")} | (endpoints & set(RULES))
    assert named == set(RULES), "a new route needs a rule above"
    assert {e for e in endpoints if e.startswith("panels.")}, "the board has panels"


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


def test_signed_out_requests_are_redirected_to_sign_in(app: Flask, world: World, secrets: tuple[int, int]) -> None:
    before, count = state(world), 0
    for rule, method in rules(app):
        if rule.endpoint in KNOWN_PUBLIC:
            continue
        address = path(rule, *secrets)
        response = Person(app).client.open(address, method=method)
        if rule.endpoint.partition(".")[0] in ("panels", "stream"):
            assert (response.status_code, response.mimetype) == (401, "text/plain"), address
        else:
            assert response.status_code == 303, address
            assert response.location.startswith("/sign-in"), address
        assert "secret" not in response.text.lower().replace("secret-7", "").replace("secret-hook", ""), address
        count += 1
    assert count > len(RULES)
    assert state(world) == before


def test_a_user_of_another_tenant_sees_and_changes_nothing(app: Flask, world: World, secrets: tuple[int, int]) -> None:
    stranger = Person(app, world.user(world.tenant("strangers"), "Stan Ranger"))
    before = state(world)
    for rule, method in rules(app):
        if rule.endpoint in KNOWN_PUBLIC or rule.endpoint in ("auth.sign_out", "stream.stream"):
            # A sign-out would end the test, and a stream does not end.
            continue
        address = path(rule, *secrets)
        response = stranger.post(address) if method == "POST" else stranger.get(address)
        wanted = RULES.get(rule.endpoint, PANEL)
        if wanted in ("403", "404"):
            assert response.status_code == int(wanted), f"{method} {address}"
        else:
            assert response.status_code in (200, 204, 303, 422), f"{method} {address}: {response.status_code}"
        # A 404 repeats the requested number.
        text = response.text.replace("SECRET-7", "") if wanted == "404" else response.text
        assert "secret" not in text.lower(), f"{method} {address}"
        assert "777.77" not in response.text, f"{method} {address}"
    assert state(world) == before


def test_a_user_of_the_tenant_sees_the_secrets(app: Flask, world: World, secrets: tuple[int, int]) -> None:
    """Guard of the tests above: the texts that they search for exist."""
    owner = world.conn.execute("SELECT id FROM users WHERE name = 'Secret Person'").fetchone()
    assert owner is not None
    person = Person(app, owner[0])
    seen = {}
    for rule, method in rules(app):
        if method == "GET" and rule.endpoint not in KNOWN_PUBLIC and rule.endpoint != "stream.stream":
            seen[rule.endpoint] = person.get(path(rule, *secrets)).text.lower()
    for endpoint in (
        "orders.index",
        "orders.show",
        "board.index",
        "inbox.index",
        "panels.recent_orders",
        "panels.salespeople",
        "panels.order",
        "panels.orders_list",
        "panels.orders_rows",
        "panels.inbox_page",
    ):
        assert "secret" in seen[endpoint], endpoint
    assert "777.77" in seen["panels.revenue"]


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
