"""Signing in and out."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from flask import Flask

from webapp import create_app
from webapp.accounts import passwords, sign_in_throttle
from webapp.routes.auth import local_path

from ..conftest import config_for
from ..support.browser import Person, soup
from ..support.world import Service, World

PASSWORD = "correct horse battery"


@pytest.fixture
def ana(world: World) -> str:
    """The e-mail of somebody who can sign in with PASSWORD."""
    world.user(world.tenant(), email="Ana@Example.com", password_hash=passwords.hash_password(PASSWORD))
    return "ana@example.com"


@pytest.fixture
def nobody(app: Flask) -> Person:
    return Person(app)


def sign_in(person: Person, email: str, password: str, path: str = "/sign-in", **options: object):  # type: ignore[no-untyped-def]
    return person.post(path, {"email": email, "password": password}, **options)


def problem(response) -> str:  # type: ignore[no-untyped-def]
    found = soup(response).select_one(".alert-danger")
    return found.get_text(strip=True) if found else ""


def test_who_knows_the_password_is_let_in_whatever_the_case_of_the_email(nobody: Person, ana: str) -> None:
    response = sign_in(nobody, f" {ana.upper()} ", PASSWORD)
    assert (response.status_code, response.location) == (303, "/")
    assert nobody.get("/orders").status_code == 200


def test_an_unknown_email_and_a_wrong_password_get_the_same_answer(nobody: Person, ana: str, world: World) -> None:
    world.user(world.tenant("other"), "Eva Luna", email="eva@example.com")  # has no password at all
    tries = [(ana, "wrong password"), ("who@example.com", PASSWORD), ("eva@example.com", PASSWORD)]
    answers = [sign_in(nobody, *each) for each in tries]
    assert [a.status_code for a in answers] == [422] * 3
    assert {problem(a) for a in answers} == {problem(answers[0])}
    assert "do not match" in problem(answers[0])
    assert nobody.get("/orders").status_code == 303


def test_an_unknown_email_costs_the_time_of_a_hash(ana: str) -> None:
    passwords.matches(None, "warm up")

    def seconds(password_hash: str | None) -> float:
        started = time.process_time()
        assert not passwords.matches(password_hash, "wrong password")
        return time.process_time() - started

    known = passwords.hash_password(PASSWORD)
    unknown_cost, known_cost = min(seconds(None) for _ in range(5)), min(seconds(known) for _ in range(5))
    assert unknown_cost > known_cost / 2


def test_an_empty_form_says_what_is_missing(nobody: Person) -> None:
    response = sign_in(nobody, "", "")
    assert response.status_code == 422
    assert "Enter your e-mail address." in response.text
    assert "Enter your password." in response.text


def test_a_password_is_never_written_back(nobody: Person, ana: str) -> None:
    assert "sesame street" not in sign_in(nobody, ana, "sesame street").text


def test_a_hash_of_weaker_parameters_is_made_anew_at_the_next_sign_in(nobody: Person, world: World) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    world.user(world.tenant(), email="ana@example.com", password_hash=weak)
    assert sign_in(nobody, "ana@example.com", PASSWORD).status_code == 303
    row = world.conn.execute("SELECT password_hash FROM users").fetchone()
    assert row is not None
    assert not passwords.is_outdated(row[0])
    assert passwords.matches(row[0], PASSWORD)


def test_the_eleventh_failed_try_has_to_wait_even_with_the_right_password(nobody: Person, ana: str) -> None:
    for _ in range(sign_in_throttle.TRIES):
        assert sign_in(nobody, ana, "wrong password").status_code == 422
    for password in ("wrong password", PASSWORD):
        response = sign_in(nobody, ana, password)
        assert response.status_code == 429
        seconds = int(response.headers["Retry-After"])  # of 15 minutes, less what ten hashes took
        assert 600 < seconds <= sign_in_throttle.WINDOW_SECONDS
        assert f"Try again in {-(-seconds // 60)} minutes" in problem(response)
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert sign_in(nobody, "who@example.com", PASSWORD).status_code == 422, "another e-mail may try"
    assert sign_in(nobody, ana, PASSWORD, environ_overrides=other).status_code == 303, "another address may try"


def test_a_success_forgets_the_failures_before_it(app: Flask, ana: str) -> None:
    for _ in range(2):
        person = Person(app)
        for _ in range(sign_in_throttle.TRIES - 1):
            sign_in(person, ana, "wrong password")
        assert sign_in(person, ana, PASSWORD).status_code == 303


def test_without_redis_people_still_sign_in_and_each_process_limits_by_itself(
    service: Service, ana: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(replace(config_for(service), redis_url="redis://127.0.0.1:1/0"))
    assert sign_in(Person(app), ana, PASSWORD, "/sign-in?next=/orders").status_code == 303
    assert "each process limits sign-ins by itself" in caplog.text
    statuses = [sign_in(Person(app), ana, "wrong password").status_code for _ in range(sign_in_throttle.TRIES + 1)]
    assert statuses == [422] * sign_in_throttle.TRIES + [429]


def test_signing_out_takes_a_post_and_ends_the_session(nobody: Person, ana: str) -> None:
    sign_in(nobody, ana, PASSWORD)
    assert nobody.get("/sign-out").status_code == 405
    assert nobody.get("/orders").status_code == 200
    assert nobody.post("/sign-out").location == "/sign-in"
    assert nobody.get("/orders").status_code == 303


def test_a_deleted_user_is_signed_out(nobody: Person, ana: str, world: World) -> None:
    sign_in(nobody, ana, PASSWORD)
    world.conn.execute("DELETE FROM users")
    assert nobody.get("/orders").location == "/sign-in?next=/orders"


def test_after_the_sign_in_one_is_where_one_wanted_to_go(nobody: Person, ana: str) -> None:
    door = nobody.get("/orders?q=a b&status=paid").location
    assert sign_in(nobody, ana, PASSWORD, door).location == "/orders?q=a%20b&status=paid"
    assert nobody.get(door).location == "/orders?q=a%20b&status=paid", "who is signed in needs no door"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "evil", "",
     "javascript:alert(1)", "/\n/evil.example", "/panels/revenue", "/stream", "///evil.example", "//[::1", "//x:y"],
)  # fmt: skip
def test_a_link_to_elsewhere_leads_to_the_board(app: Flask, elsewhere: str) -> None:
    with app.test_request_context():
        assert local_path(elsewhere) == "/"


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(nobody: Person, ana: str) -> None:
    cookie = sign_in(nobody, ana, PASSWORD).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie, "the demo runs on plain HTTP"


def test_in_production_the_cookie_travels_by_https_only(service: Service, ana: str) -> None:
    person = Person(create_app(config_for(service, DOORBELL_DEMO=0)))
    data = {"email": ana, "password": PASSWORD}
    with person.client.session_transaction(base_url="https://localhost"):
        pass
    page = person.client.get("/sign-in", base_url="https://localhost")
    token = soup(page).select_one("input[name=csrf_token]")["value"]  # type: ignore[index]
    headers = {"Referer": "https://localhost/sign-in"}
    response = person.client.post(
        "/sign-in", base_url="https://localhost", data=data | {"csrf_token": token}, headers=headers
    )
    assert response.status_code == 303
    assert "Secure" in response.headers["Set-Cookie"]


@pytest.fixture
def demo(world: World) -> None:
    tenant = world.tenant("demo")
    world.user(tenant, "Mia Chef", role="manager")
    world.user(tenant, "Ana Silva")
    world.user(world.tenant("other"), "Zoe Other", role="manager")


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(("path", "who"), [("/demo", "Mia Chef"), ("/demo?as=sales", "Ana Silva")])
def test_the_demo_signs_in_its_manager_or_a_salesperson(nobody: Person, path: str, who: str) -> None:
    response = nobody.get(path)
    assert (response.status_code, response.location) == (303, "/")
    assert f"Account of {who}" in nobody.get("/orders").text


@pytest.mark.usefixtures("demo")
def test_outside_demo_mode_the_demo_does_not_exist(service: Service) -> None:
    person = Person(create_app(config_for(service, DOORBELL_DEMO=0, COOKIE_SECURE=0)))
    assert person.get("/demo").status_code == 404
    assert "demo" not in person.get("/sign-in").text
    assert person.get("/orders").status_code == 303


def test_a_demo_without_data_says_what_to_run(nobody: Person) -> None:
    response = nobody.get("/demo")
    assert response.status_code == 404
    assert "make run" in response.text
    assert nobody.get("/demo?as=<i>").status_code == 404
