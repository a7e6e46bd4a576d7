"""Sign-in and sign-out."""

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
    """The e-mail of a user with PASSWORD."""
    world.user(world.tenant(), email="Ana@Example.com", password_hash=passwords.hash_password(PASSWORD))
    return "ana@example.com"


@pytest.fixture
def visitor(app: Flask) -> Person:
    return Person(app)


def sign_in(person: Person, email: str, password: str, path: str = "/sign-in", **options: object):  # type: ignore[no-untyped-def]
    return person.post(path, {"email": email, "password": password}, **options)


def problem(response) -> str:  # type: ignore[no-untyped-def]
    found = soup(response).select_one(".alert-danger")
    return found.get_text(strip=True) if found else ""


def test_sign_in_ignores_the_case_of_the_email_and_spaces_around_it(visitor: Person, ana: str) -> None:
    response = sign_in(visitor, f" {ana.upper()} ", PASSWORD)
    assert (response.status_code, response.location) == (303, "/")
    assert visitor.get("/orders").status_code == 200


def test_an_unknown_email_and_a_wrong_password_get_the_same_answer(visitor: Person, ana: str, world: World) -> None:
    world.user(world.tenant("other"), "Eva Luna", email="eva@example.com")  # has no password
    attempts = [(ana, "wrong password"), ("who@example.com", PASSWORD), ("eva@example.com", PASSWORD)]
    answers = [sign_in(visitor, *each) for each in attempts]
    assert [a.status_code for a in answers] == [422] * 3
    assert {problem(a) for a in answers} == {problem(answers[0])}
    assert "do not match" in problem(answers[0])
    assert visitor.get("/orders").status_code == 303


def test_an_unknown_email_costs_the_time_of_a_hash(ana: str) -> None:
    passwords.matches(None, "warm up")

    def seconds(password_hash: str | None) -> float:
        started = time.process_time()
        assert not passwords.matches(password_hash, "wrong password")
        return time.process_time() - started

    known = passwords.hash_password(PASSWORD)
    unknown_cost, known_cost = min(seconds(None) for _ in range(5)), min(seconds(known) for _ in range(5))
    assert unknown_cost > known_cost / 2


def test_an_empty_form_names_the_missing_fields(visitor: Person) -> None:
    response = sign_in(visitor, "", "")
    assert response.status_code == 422
    assert "Enter your e-mail address." in response.text
    assert "Enter your password." in response.text


def test_a_refused_form_does_not_contain_the_password(visitor: Person, ana: str) -> None:
    assert "sesame street" not in sign_in(visitor, ana, "sesame street").text


def test_a_hash_with_weaker_parameters_is_renewed_at_the_next_sign_in(visitor: Person, world: World) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    world.user(world.tenant(), email="ana@example.com", password_hash=weak)
    assert sign_in(visitor, "ana@example.com", PASSWORD).status_code == 303
    row = world.conn.execute("SELECT password_hash FROM users").fetchone()
    assert row is not None
    assert not passwords.is_outdated(row[0])
    assert passwords.matches(row[0], PASSWORD)


def test_the_eleventh_attempt_is_refused_even_with_the_right_password(visitor: Person, ana: str) -> None:
    for _ in range(sign_in_throttle.PAIR_ATTEMPTS):
        assert sign_in(visitor, ana, "wrong password").status_code == 422
    for password in ("wrong password", PASSWORD):
        response = sign_in(visitor, ana, password)
        assert response.status_code == 429
        seconds = int(response.headers["Retry-After"])  # 15 minutes, less ten hashes
        assert 600 < seconds <= sign_in_throttle.WINDOW_SECONDS
        assert f"Try again in {-(-seconds // 60)} minutes" in problem(response)
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert sign_in(visitor, "who@example.com", PASSWORD).status_code == 422, "another e-mail is allowed"
    assert sign_in(visitor, ana, PASSWORD, environ_overrides=other).status_code == 303, "another address is allowed"


def test_a_success_resets_the_count_of_failures(app: Flask, ana: str) -> None:
    for _ in range(2):
        person = Person(app)
        for _ in range(sign_in_throttle.PAIR_ATTEMPTS - 1):
            sign_in(person, ana, "wrong password")
        assert sign_in(person, ana, PASSWORD).status_code == 303


def test_without_redis_sign_in_works_and_each_process_limits_by_itself(
    service: Service, ana: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(replace(config_for(service), redis_url="redis://127.0.0.1:1/0"))
    assert sign_in(Person(app), ana, PASSWORD, "/sign-in?next=/orders").status_code == 303
    assert "each process limits sign-ins by itself" in caplog.text
    statuses = [
        sign_in(Person(app), ana, "wrong password").status_code for _ in range(sign_in_throttle.PAIR_ATTEMPTS + 1)
    ]
    assert statuses == [422] * sign_in_throttle.PAIR_ATTEMPTS + [429]


def test_sign_out_needs_a_post_and_ends_the_session(visitor: Person, ana: str) -> None:
    sign_in(visitor, ana, PASSWORD)
    assert visitor.get("/sign-out").status_code == 405
    assert visitor.get("/orders").status_code == 200
    assert visitor.post("/sign-out").location == "/sign-in"
    assert visitor.get("/orders").status_code == 303


def test_a_deleted_user_is_signed_out(visitor: Person, ana: str, world: World) -> None:
    sign_in(visitor, ana, PASSWORD)
    world.conn.execute("DELETE FROM users")
    assert visitor.get("/orders").location == "/sign-in?next=/orders"


def test_sign_in_redirects_to_the_requested_page(visitor: Person, ana: str) -> None:
    sign_in_page = visitor.get("/orders?q=a b&status=paid").location
    assert sign_in(visitor, ana, PASSWORD, sign_in_page).location == "/orders?q=a%20b&status=paid"
    assert visitor.get(sign_in_page).location == "/orders?q=a%20b&status=paid", "a signed-in user is redirected at once"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "evil", "",
     "javascript:alert(1)", "/\n/evil.example", "/panels/revenue", "/stream", "///evil.example", "//[::1", "//x:y"],
)  # fmt: skip
def test_a_link_to_another_site_leads_to_the_board(app: Flask, elsewhere: str) -> None:
    with app.test_request_context():
        assert local_path(elsewhere) == "/"


def test_the_session_cookie_is_http_only_and_same_site(visitor: Person, ana: str) -> None:
    cookie = sign_in(visitor, ana, PASSWORD).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie, "the demo runs on plain HTTP"


def test_the_session_cookie_is_secure_in_production(service: Service, ana: str) -> None:
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
@pytest.mark.parametrize(("path", "name"), [("/demo", "Mia Chef"), ("/demo?as=sales", "Ana Silva")])
def test_the_demo_signs_in_its_manager_or_a_salesperson(visitor: Person, path: str, name: str) -> None:
    response = visitor.get(path)
    assert (response.status_code, response.location) == (303, "/")
    assert f"Account of {name}" in visitor.get("/orders").text


@pytest.mark.usefixtures("demo")
def test_the_demo_is_404_outside_of_demo_mode(service: Service) -> None:
    person = Person(create_app(config_for(service, DOORBELL_DEMO=0, COOKIE_SECURE=0)))
    assert person.get("/demo").status_code == 404
    assert "demo" not in person.get("/sign-in").text
    assert person.get("/orders").status_code == 303


def test_a_demo_without_data_names_the_command_to_run(visitor: Person) -> None:
    response = visitor.get("/demo")
    assert response.status_code == 404
    assert "make run" in response.text
    assert visitor.get("/demo?as=<i>").status_code == 404
