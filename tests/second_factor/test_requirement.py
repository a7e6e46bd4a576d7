"""A company that requires two-step sign-in: without a factor only its set-up opens, on every route, panel and stream."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from webapp.accounts import recent_check, sessions
from webapp.routes.access import public_reason
from webapp.routes.second_factor_rule import is_open_for_set_up
from webapp.services import services
from webapp.streams.generator_stream import GeneratorStream
from webapp.streams.revocation import Revocations

from ..accounts.route_data import any_path, routes
from ..support.browser import Person, soup
from ..support.two_step import PASSWORD, Clock, Visitor, visitor
from ..support.world import World

RULE = "/settings/sign-in"
SET_UP = "/settings/security/two-step"
# All that opens without a factor: its set-up, the password check before it, and the way out.
OPEN = {
    "auth.sign_out",
    "second_factor.index",
    "second_factor.begin_app",
    "second_factor.app",
    "second_factor.confirm_app",
    "passkeys.options",
    "passkeys.add",
    "recent_check.show",
    "recent_check.check",
}


@pytest.fixture
def tenant(ana: Visitor, world: World) -> int:
    row = world.conn.execute("SELECT tenant_id FROM users").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def ben(app: Flask, world: World, clock: Clock, tenant: int) -> Visitor:
    """A manager without a second factor, signed in."""
    ben = visitor(app, world, clock, "Ben Okafor", tenant=tenant, role="manager")
    ben.sign_in()
    return ben


@pytest.fixture
def required(ana: Visitor, codes: list[str], ben: Visitor) -> None:
    """Ana, an admin, makes the rule while Ben is signed in."""
    assert ana.post(RULE, required="on").status_code == 303


@pytest.mark.usefixtures("required")
def test_without_a_factor_only_the_set_up_opens(app: Flask, ben: Visitor) -> None:
    token, opened = {"csrf_token": ben.token()}, set()
    for rule, method in routes(app):
        endpoint = rule.endpoint
        if public_reason(app, endpoint) is not None or endpoint == "auth.sign_out":
            continue
        address = any_path(rule)
        answer = ben.client.open(address, method=method, data=token if method == "POST" else None)
        if is_open_for_set_up(app, endpoint):
            opened.add(endpoint)
        elif address.startswith(("/panels", "/stream")):
            assert (answer.status_code, answer.mimetype) == (401, "text/plain"), address
        else:
            assert (answer.status_code, answer.location) == (303, SET_UP), address
    assert opened | {"auth.sign_out"} == OPEN


@pytest.mark.usefixtures("required")
def test_the_page_of_the_set_up_has_no_data_and_no_stream(ben: Visitor) -> None:
    page = soup(ben.get(SET_UP))
    assert page.select_one("#live") is None
    assert page.select_one("nav") is None
    assert "requires it for everyone" in page.get_text()


@pytest.mark.usefixtures("required")
def test_a_panel_and_a_stream_from_memory_are_refused_too(app: Flask, ben: Visitor, ana: Visitor) -> None:
    """The fast paths answer before Flask."""
    for browser, status in ((ana, 200), (ben, 401), (ana, 200), (ben, 401)):
        assert browser.get("/panels/revenue").status_code == status


@pytest.mark.usefixtures("required")
def test_all_opens_after_the_set_up(ben: Visitor) -> None:
    assert ben.get("/").location == SET_UP
    ben.set_up_app()
    assert ben.get("/").status_code == 200
    assert ben.get("/panels/revenue").status_code == 200
    assert ben.post(f"{SET_UP}/app/removal").status_code == 303
    assert ben.get("/").status_code == 200, "the last factor cannot be turned off"


def test_open_streams_of_users_without_a_factor_end(app: Flask, world: World, tenant: int) -> None:
    ben, vouched = world.user(tenant, "Ben Okafor"), world.user(tenant, "Cleo Sands")
    streams = [GeneratorStream(tenant, user) for user in (ben, vouched)]
    ends = int(time.time()) + 60
    streams[0].session = sessions.SessionKey("6f2b9c1e-0000-4000-8000-000000000001", ends)
    streams[1].session = sessions.SessionKey("6f2b9c1e-0000-4000-8000-000000000002", ends, vouched=True)
    revocations = Revocations(app, services(app).users)
    assert list(revocations.revoked(streams)) == []
    world.conn.execute("UPDATE tenants SET requires_second_factor = true")
    assert list(revocations.revoked(streams)) == [(streams[0], "rights")]


@pytest.mark.usefixtures("required")
def test_a_session_that_another_system_vouches_for_needs_no_factor(app: Flask, world: World, tenant: int) -> None:
    cleo = world.user(tenant, "Cleo Sands")
    person = Person(app, cleo)
    assert person.get("/").location == SET_UP
    with person.client.session_transaction() as session:
        session[sessions.VOUCHED] = True
    assert person.get("/").status_code == 200
    assert person.get("/panels/revenue").status_code == 200


def test_the_demos_link_needs_no_factor(app: Flask, world: World) -> None:
    demo = world.tenant("demo", requires_second_factor=True)
    world.user(demo, "Mara Lindqvist", role="manager")
    person = Person(app)
    assert person.get("/demo").status_code == 303
    assert person.get("/").status_code == 200


def test_an_admin_sets_up_a_factor_before_making_the_rule(ana: Visitor, world: World) -> None:
    answer = ana.post(RULE, required="on")
    assert answer.status_code == 422
    assert "for yourself first" in answer.text
    assert world.conn.execute("SELECT requires_second_factor FROM tenants").fetchone() == (False,)


@pytest.mark.usefixtures("required")
def test_the_rule_can_be_taken_back_and_both_are_in_the_audit_log(ana: Visitor, ben: Visitor, world: World) -> None:
    assert "1 user has two-step sign-in" in ana.get(RULE).text
    assert ben.get("/").status_code == 303
    ana.post(RULE, **{"shown-required": "on"})
    assert ben.get("/").status_code == 200
    changes = "SELECT details -> 'to' FROM audit_log WHERE kind = 'second_factor_rule_changed' ORDER BY id"
    assert world.conn.execute(changes).fetchall() == [(True,), (False,)]


def test_only_admins_see_and_change_the_rule(app: Flask, ben: Visitor, world: World) -> None:
    assert ben.get(RULE).status_code == 403
    assert ben.post(RULE, required="on").status_code == 403
    assert RULE not in ben.get("/settings/profile").text


def test_the_form_of_the_rule_is_shown_again_after_the_password(ana: Visitor, codes: list[str]) -> None:
    with ana.client.session_transaction() as session:
        session["_checked"] -= recent_check.SECONDS
    check = ana.post(RULE, required="on").location
    assert ana.post(check, password=PASSWORD).location == RULE
    assert "Nothing was changed yet" in ana.get(RULE).text
    assert "Nothing was changed yet" not in ana.get(RULE).text
