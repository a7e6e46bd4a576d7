"""The page of an invitation: a new user chooses a password, once."""

from __future__ import annotations

import logging
import threading

import pytest
from flask import Flask

from webapp.invitations import limits
from webapp.observability import logs

from ..support.browser import Person, fields, soup
from ..support.invitations import ACCEPT, EMAIL, PASSWORD, accept, invited, row, words
from ..support.world import World

pytestmark = pytest.mark.web_role

UNKNOWN = "/invitation/" + "x" * 43


def test_the_invited_person_enters_a_name_and_a_password_and_sees_the_board(
    app: Flask, ada: Person, visitor: Person, world: World, tenant: int
) -> None:
    path = invited(ada, name="Zoe", role="manager")
    page = visitor.page(path)
    assert "Ada Admin invites you to Doorbell" in page.get_text()
    assert "Your role: Manager." in page.get_text()
    assert [str(field["value"]) for field in page.select("#email, #name")] == [EMAIL, "Zoe"]
    done = accept(visitor, path)
    assert done.location == "/"
    assert "Welcome to Acme & Söhne." in words(visitor.get("/"))
    found = world.conn.execute("SELECT tenant_id, name, role FROM users WHERE email = %s", [EMAIL]).fetchone()
    assert found == (tenant, "Zoë Ångström", "manager")
    assert Person(app).post("/sign-in", {"email": EMAIL, "password": PASSWORD}).location == "/"
    kinds = world.conn.execute("SELECT kind, actor_name, subject FROM audit_log ORDER BY id").fetchall()
    assert ("invitation_accepted", "Zoë Ångström", "Zoë Ångström") in kinds


def test_over_https_it_is_accepted_with_the_referrer_that_its_page_lets_browsers_send(
    ada: Person, visitor: Person
) -> None:
    path, site = invited(ada), "https://localhost"
    page = visitor.get(path, base_url=site)
    form = soup(page).select_one("main form")
    assert form is not None
    sent = {"same-origin": f"{site}{path}", "strict-origin": f"{site}/"}
    referrer = sent.get(page.headers["Referrer-Policy"], "")
    assert path not in referrer, "the token would be in logs of requests for styles and scripts"
    answer = visitor.client.post(path, base_url=site, data=fields(form) | ACCEPT, headers={"Referer": referrer})
    assert (answer.status_code, answer.location) == (303, "/"), words(answer)


def test_an_invitation_is_no_way_around_the_second_step(
    ada: Person, visitor: Person, world: World, tenant: int
) -> None:
    """Of a user whom single sign-on has made, and who has a passkey."""
    world.user(tenant, "Zoe", email=EMAIL, second_factor_at=world.now())
    answer = accept(visitor, invited(ada))
    assert (answer.status_code, answer.location) == (303, "/sign-in/second-factor")
    assert visitor.get("/orders").location.startswith("/sign-in")


def test_a_link_works_once_and_says_so(ada: Person, visitor: Person, app: Flask, world: World) -> None:
    path = invited(ada)
    assert accept(visitor, path).location == "/"
    again = accept(Person(app), path, name="Eve")
    assert again.status_code == 410
    assert "This invitation was accepted. Sign in with your e-mail address and your password." in words(again)
    assert world.conn.execute("SELECT name FROM users WHERE email = %s", [EMAIL]).fetchall() == [("Zoë Ångström",)]


def test_of_two_requests_with_one_link_at_once_one_makes_a_user(ada: Person, app: Flask, world: World) -> None:
    path, answers = invited(ada), []
    people = [Person(app), Person(app)]
    tokens = [person.csrf_token() for person in people]
    start = threading.Barrier(2)

    def send(person: Person, token: str, name: str) -> None:
        start.wait(10)
        data = {"csrf_token": token, "name": name, "password": PASSWORD}
        answers.append(person.client.post(path, data=data).status_code)

    threads = [
        threading.Thread(target=send, args=values)
        for values in zip(people, tokens, ("Zoe One", "Zoe Two"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == [303, 410]
    assert world.conn.execute("SELECT count(*) FROM users WHERE email = %s", [EMAIL]).fetchone() == (1,)


def test_a_link_expires_by_the_clock_of_the_database(ada: Person, visitor: Person, world: World) -> None:
    path = invited(ada)
    world.conn.execute("UPDATE invitations SET expires_at = now()")
    for response in (visitor.get(path), accept(visitor, path)):
        assert response.status_code == 410
        assert "This invitation has expired. Ask Ada Admin for a new one." in words(response)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"name": " "}, "Enter your name."),
        ({"name": "x" * 201}, "The name has 201 characters."),
        ({"password": "short"}, "The password has 5 characters; 10 to 1000 are allowed."),
        ({"password": "1234567890"}, "The password is easy to guess."),
        ({"password": EMAIL}, "The password is the user's e-mail address or a related name."),
        ({"name": "", "password": ""}, "The password has 0 characters"),
    ],
)
def test_a_refused_form_names_the_reason_and_keeps_the_invitation(
    ada: Person, visitor: Person, world: World, fields: dict[str, str], wanted: str
) -> None:
    path = invited(ada)
    refused = accept(visitor, path, **fields)
    assert refused.status_code == 422
    assert wanted in words(refused)
    assert soup(refused).select_one("input[name=password][value]") is None
    assert row(world, "accepted_at") == (None,)
    assert accept(visitor, path).location == "/"


def test_a_user_that_an_import_made_gets_a_password_and_keeps_the_orders(
    ada: Person, visitor: Person, world: World, tenant: int
) -> None:
    user = world.user(tenant, "Zoe Import", email=EMAIL)
    world.order(tenant, owner_id=user)
    assert "has no password" in words(ada.get(f"/settings/users/{user}"))
    form = ada.page(f"/settings/users/new?user={user}")
    assert [str(field["value"]) for field in form.select("#email, #name")] == [EMAIL, "Zoe Import"]
    path = invited(ada, role="viewer")
    assert accept(visitor, path).location == "/"
    found = world.conn.execute("SELECT id, name, role FROM users WHERE email = %s", [EMAIL]).fetchall()
    assert found == [(user, "Zoë Ångström", "viewer")]


@pytest.mark.parametrize("columns", [{"password_hash": "x"}, {"disabled_at": "2026-01-01"}])
def test_an_account_that_came_after_the_invitation_is_not_taken_over(
    ada: Person, visitor: Person, world: World, tenant: int, columns: dict[str, str]
) -> None:
    path = invited(ada)
    world.user(tenant, "Zoe Before", email=EMAIL.upper(), **columns)
    assert accept(visitor, path).status_code == 409
    assert row(world, "accepted_at") == (None,)
    assert world.conn.execute("SELECT name FROM users WHERE lower(email) = %s", [EMAIL]).fetchall() == [("Zoe Before",)]


def test_a_signed_in_user_is_told_and_replaced(ada: Person, world: World) -> None:
    path = invited(ada)
    assert "You are signed in as Ada Admin. Joining signs you out there." in words(ada.get(path))
    assert accept(ada, path).location == "/"
    assert "Zoë Ångström" in ada.get("/settings/profile").text
    assert ada.get("/settings/users").status_code == 403


def test_a_form_without_a_csrf_token_makes_no_user(ada: Person, visitor: Person, world: World) -> None:
    path = invited(ada)
    assert visitor.client.post(path, data={"name": "Zoe", "password": PASSWORD}).status_code == 400
    assert row(world, "accepted_at") == (None,)


def test_unknown_links_are_limited_per_client_and_valid_ones_are_not(ada: Person, visitor: Person) -> None:
    path = invited(ada)
    for _ in range(limits.MAX_UNKNOWN):
        assert visitor.get(UNKNOWN).status_code == 404
    assert visitor.get(UNKNOWN).status_code == 429
    assert visitor.get("/invitation/short").status_code == 429
    assert visitor.get(path).status_code == 200


def test_no_log_line_has_the_token(ada: Person) -> None:
    path = invited(ada)
    record = logging.makeLogRecord({"msg": f"GET {path} failed", "name": "x", "levelname": "ERROR"})
    line = logs.formatter({"LOG_FORMAT": "logfmt"}).format(record)
    assert "/invitation/[token]" in line
    assert path not in line
