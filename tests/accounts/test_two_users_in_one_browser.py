"""A page of a user after another user signed in: it cannot act as the other user, and shows why."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp import create_app

from ..conftest import config_for
from ..support.browser import Person, soup
from ..support.world import Service, World

FORMER_SECRET = "f" * 40


@pytest.fixture
def people(world: World) -> tuple[int, int]:
    tenant = world.tenant("demo")
    world.order(tenant, number="A1")
    return world.user(tenant, "Mara Lindqvist", role="manager"), world.user(tenant, "Ana Silva")


def test_a_form_of_the_first_user_is_refused_after_the_second_signed_in(
    app: Flask, people: tuple[int, int], world: World
) -> None:
    browser = Person(app)
    browser.get("/demo")
    page = browser.page("/orders/A1")
    browser.get("/demo?as=sales")
    refused = browser.send(page, "/orders/A1/payment")
    assert (refused.status_code, "This form is no longer valid" in refused.text) == (400, True)
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("placed",)


def test_panels_and_streams_of_the_first_user_are_refused_after_the_second_signed_in(
    app: Flask, people: tuple[int, int]
) -> None:
    mara, ana = people
    browser = Person(app)
    browser.get("/demo")
    live = browser.page("/").select_one("#live")
    assert live is not None
    assert (live["data-user"], f"user={mara}" in str(live["hx-sse:connect"])) == (str(mara), True)
    browser.get("/demo?as=sales")
    for _ in range(2):  # Flask, then the fast path
        for path in ("/panels/revenue", "/panels?names=revenue", "/panels/inbox"):
            refused = browser.get(path, headers={"Doorbell-User": str(mara)})
            assert (refused.status_code, refused.text) == (409, "Another user is signed in now. Reload the page.")
            assert browser.get(path, headers={"Doorbell-User": str(ana)}).status_code == 200
            assert browser.get(path).status_code == 200, "a request without a user is accepted"
    assert browser.get(f"/stream?user={mara}").status_code == 409


PLAIN, SECURE = "http://board.example:8000", "https://board.example"


def test_over_plain_http_the_error_names_secure_cookies_as_the_cause(service: Service) -> None:
    # Over plain HTTP a browser drops secure cookies.
    client = create_app(config_for(service, DOORBELL_DEMO=0)).test_client(use_cookies=False)
    page = soup(client.get("/sign-in", base_url=PLAIN))
    token = page.select_one("input[name=csrf_token]")
    assert token is not None
    refused = client.post(
        "/sign-in", base_url=PLAIN, data={"csrf_token": token["value"], "email": "a", "password": "b"}
    )
    assert refused.status_code == 400
    assert "Your browser sent no cookie" in refused.text
    assert "Open https://board.example/sign-in, or set COOKIE_SECURE=0 for a test." in refused.text


def test_over_https_or_with_a_cookie_the_error_names_the_old_form(service: Service, app: Flask) -> None:
    client = create_app(config_for(service, DOORBELL_DEMO=0)).test_client()
    assert "no longer valid" in client.post("/sign-in", base_url=SECURE, data={"csrf_token": "x"}).text
    assert "no longer valid" in app.test_client().post("/sign-in", data={"csrf_token": "x"}).text


def test_a_form_that_was_open_while_the_secret_key_changed_can_be_sent(
    service: Service, people: tuple[int, int], world: World
) -> None:
    old = Person(create_app(config_for(service, SECRET_KEY=FORMER_SECRET)), people[0])
    form, kept = old.page("/orders/A1"), old.client.get_cookie("session")
    assert kept is not None
    new = Person(create_app(config_for(service, SECRET_KEY_FALLBACKS=f"{'x' * 40},{FORMER_SECRET}")))
    new.client.set_cookie("session", kept.value)
    assert new.send(form, "/orders/A1/payment").status_code == 303
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("paid",)


def test_sessions_of_a_former_secret_key_continue_as_long_as_it_is_a_fallback(
    service: Service, people: tuple[int, int]
) -> None:
    old = Person(create_app(config_for(service, SECRET_KEY=FORMER_SECRET)), people[1])
    kept = old.client.get_cookie("session")
    assert kept is not None
    for fallbacks, status in ((FORMER_SECRET, 200), (f"{'x' * 40},{FORMER_SECRET}", 200), ("", 303)):
        app = create_app(config_for(service, SECRET_KEY_FALLBACKS=fallbacks))
        answer = app.test_client(use_cookies=False).get("/orders", headers={"Cookie": f"session={kept.value}"})
        assert answer.status_code == status
