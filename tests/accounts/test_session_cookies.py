"""The cookie's name and flags on HTTPS, a change of the secret key, and sessions that the worker ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.accounts import passwords, sessions
from webapp.services import services

from ..support.browser import Person
from ..support.mail_server import MailServer, mail_server, text_of
from ..support.web_app import Web, cookie_of
from ..support.world import Service, World

EMAIL, PASSWORD, NEW = "ana@example.com", "correct horse battery", "a lovely new staple"
FORMER_SECRET = "a former secret key of the tests that is long enough"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as started:
        yield started


@pytest.fixture
def ana(world: World) -> int:
    return world.user(world.tenant(), email=EMAIL, password_hash=passwords.hash_password(PASSWORD))


def over_https(web: Web) -> Person:
    web.app.config["PREFERRED_URL_SCHEME"] = "https"  # of the test client's requests
    return Person(web.app)


def test_on_https_only_this_host_can_set_the_session_cookie(service: Service, ana: int) -> None:
    web = Web(service, COOKIE_SECURE="1")
    person = over_https(web)
    headers = {"Referer": "https://localhost/sign-in"}
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', person.get("/sign-in").text)
    assert token is not None
    form = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
    assert person.client.post("/sign-in", data=form).status_code == 400, "guard: on HTTPS a form needs a referrer"
    answer = person.client.post("/sign-in", data=form, headers=headers)
    assert answer.status_code == 303
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    value = cookie.split(";")[0].partition("=")[2]
    for name, status in (("__Host-session", 200), ("session", 401)):
        assert web.sees(f"{name}={value}") == status, name


def test_a_new_secret_key_keeps_sessions_and_links_with_the_old_one_as_fallback(
    service: Service, server: MailServer, ana: int
) -> None:
    before = Web(service, SECRET_KEY=FORMER_SECRET, **server.settings)
    person = Person(before.app)
    person.post("/sign-in", {"email": EMAIL, "password": PASSWORD})
    Person(before.app).post("/password-reset", {"email": EMAIL})
    link = re.search(r"/password-reset/\S+", text_of(server.newest(1)))
    assert link is not None
    services(before.app).mail.close()
    cookie = cookie_of(person)
    assert Web(service).sees(cookie) == 401, "guard: without the fallback it is refused"
    after = Web(service, SECRET_KEY_FALLBACKS=FORMER_SECRET)
    assert after.sees(cookie) == 200
    assert after.users.find_by_cookie(cookie) is not None, "also before Flask"
    visitor = Person(after.app)
    visitor.get(link[0])
    page = visitor.page("/password-reset/new")
    assert visitor.send(page, "/password-reset/new", password=NEW, repeated=NEW).location == "/sign-in"


def test_the_worker_stores_unused_sessions_as_ended_and_removes_old_rows(
    service: Service, ana: int, world: World
) -> None:
    web = Web(service, SESSION_IDLE_DAYS="0")
    people = [Person(web.app) for _ in range(3)]
    for person in people:
        assert person.post("/sign-in", {"email": EMAIL, "password": PASSWORD}).status_code == 303
    ids = [session_id(person) for person in people]
    world.conn.execute("UPDATE user_sessions SET seen_at = now() - interval '15 days' WHERE id = %s", [ids[0]])
    world.conn.execute("UPDATE user_sessions SET ends_at = now() - interval '1 s' WHERE id = %s", [ids[1]])
    sessions.remove_expired(service.database_url, idle_days=14)
    assert [str(row[0]) for row in world.conn.execute("SELECT id FROM user_sessions").fetchall()] == [ids[2]]
    assert [str(row[0]) for row in world.conn.execute("SELECT id FROM ended_sessions").fetchall()] == [ids[0]]
    statuses = [Web(service).sees(cookie_of(person)) for person in people]
    assert (statuses[0], statuses[2]) == (401, 200)


def session_id(person: Person) -> str:
    with person.client.session_transaction() as session:
        return str(session[sessions.ID])
