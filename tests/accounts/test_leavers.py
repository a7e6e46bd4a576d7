"""Users that leave the company: disabled, signed out everywhere, and still the owner of their orders."""

from __future__ import annotations

import subprocess
import sys
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from argon2 import PasswordHasher
from bs4 import BeautifulSoup
from flask import Flask

from webapp.accounts import passwords
from webapp.accounts.user_cache import KEPT_SECONDS
from webapp.streams.ended_elsewhere import CHECK_SECONDS

from ..support.browser import Person, soup
from ..support.processes import ROOT, Doorbell, get
from ..support.sse import EventStream
from ..support.web_app import Web, cookie_of
from ..support.world import Service, World

PASSWORD = "correct horse battery"
NEW_PASSWORD = "another long password"
EMAIL = "ana@example.com"
# Between two checks of the ended sessions. The streams end with the next one.
assert CHECK_SECONDS <= 3

ENDS = {
    "disabled": "UPDATE users SET disabled_at = now()",
    "new password": "UPDATE users SET password_hash = 'another'",
    "password removed": "UPDATE users SET password_hash = NULL",
    "role": "UPDATE users SET role = 'manager'",
    "signed out": "UPDATE users SET sessions_from = now()",
}


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant("demo")


@pytest.fixture
def user(world: World, tenant: int) -> int:
    """Ana with PASSWORD, and her order A1."""
    ana = world.user(tenant, email=EMAIL, password_hash=passwords.hash_password(PASSWORD))
    world.order(tenant, number="A1", owner_id=ana)
    return ana


@pytest.fixture
def ana(here: Web, user: int) -> Person:
    return signed_in(here.app)


def signed_in(app: Flask) -> Person:
    person = Person(app)
    assert person.post("/sign-in", {"email": EMAIL, "password": PASSWORD}).location == "/"
    return person


def is_signed_in(person: Person) -> bool:
    return person.get("/orders").status_code == 200


def problem(person: Person, password: str = PASSWORD) -> str:
    response = person.post("/sign-in", {"email": EMAIL, "password": password})
    assert response.status_code == 422
    found = soup(response).select_one(".alert-danger")
    assert found is not None
    return found.get_text(strip=True)


@pytest.mark.parametrize("statement", ENDS.values(), ids=ENDS)
def test_plain_sql_ends_the_sessions_and_streams_of_a_user(
    elsewhere: Web,
    ana: Person,
    world: World,
    statement: str,
) -> None:
    token, cookie = ana.csrf_token(), cookie_of(ana)
    assert elsewhere.sees(cookie) == 200
    stream = elsewhere.stream(cookie)
    world.conn.execute(statement)
    assert not elsewhere.writes(cookie, token), "writes always check the database"
    assert list(stream) == [], "the stream has ended"
    assert elsewhere.sees(cookie) == 401
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("placed",)


def test_without_a_stream_a_process_serves_a_disabled_user_from_memory_for_kept_seconds_only(
    elsewhere: Web,
    ana: Person,
    world: World,
) -> None:
    cookie = cookie_of(ana)
    assert elsewhere.sees(cookie) == 200
    world.conn.execute(ENDS["disabled"])
    elsewhere.seconds += KEPT_SECONDS
    assert elsewhere.sees(cookie) == 200
    elsewhere.seconds += 0.1
    assert elsewhere.sees(cookie) == 401


def test_the_check_of_all_streams_finds_disabled_users_and_old_sessions(
    elsewhere: Web,
    ana: Person,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The quick check misses changes committed more than a minute after its timestamp."""
    monkeypatch.setattr(elsewhere.hub._ended_elsewhere, "_check", lambda: None)
    for statement in (ENDS["signed out"], ENDS["disabled"]):
        person = signed_in(elsewhere.app)
        stream = elsewhere.stream(cookie_of(person))
        elsewhere.looks()
        assert elsewhere.hub.count() == 1, "guard: a check alone ends nothing"
        world.conn.execute(statement)
        elsewhere.looks()
        assert list(stream) == []


def test_a_changed_name_or_address_ends_no_session(elsewhere: Web, ana: Person, world: World) -> None:
    world.conn.execute("UPDATE users SET name = 'Ana S.', email = 'a@example.com', password_hash = password_hash")
    elsewhere.seconds += KEPT_SECONDS + 0.1
    assert elsewhere.sees(cookie_of(ana)) == 200


def test_a_hash_renewed_at_sign_in_ends_no_session(here: Web, ana: Person, world: World) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    world.conn.execute("SET doorbell.same_password = on")
    world.conn.execute("UPDATE users SET password_hash = %s", [weak])
    here.seconds += KEPT_SECONDS + 0.1
    signed_in(here.app)
    row = world.conn.execute("SELECT password_hash <> %s FROM users", [weak]).fetchone()
    assert row == (True,), "guard: it was renewed"
    here.seconds += KEPT_SECONDS + 0.1
    assert is_signed_in(ana)


def test_a_password_changed_while_the_old_one_is_checked_refuses_the_sign_in(
    here: Web,
    user: int,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = passwords.matches

    def change_meanwhile(password_hash: str | None, password: str) -> bool:
        world.conn.execute(ENDS["new password"])
        return check(password_hash, password)

    monkeypatch.setattr(passwords, "matches", change_meanwhile)
    assert not is_signed_in(signed_in(here.app))


def test_a_disabled_user_sees_the_reason_only_with_the_right_password(here: Web, user: int, world: World) -> None:
    wrong = problem(Person(here.app), "wrong password")
    world.conn.execute(ENDS["disabled"])
    assert "Your account is disabled" in problem(Person(here.app))
    assert problem(Person(here.app), "wrong password") == wrong


def test_a_re_enabled_user_can_sign_in_and_old_sessions_stay_ended(here: Web, ana: Person, world: World) -> None:
    world.conn.execute(ENDS["disabled"])
    world.conn.execute("UPDATE users SET disabled_at = NULL")
    here.seconds += KEPT_SECONDS + 0.1
    assert not is_signed_in(ana)
    assert is_signed_in(signed_in(here.app))


def test_infinite_timestamps_are_refused(world: World, user: int) -> None:
    for column in ("disabled_at", "sessions_from"):
        with pytest.raises(Exception, match=f"ck_users_{column}"):
            world.conn.execute(f"UPDATE users SET {column} = 'infinity'")


COMMANDS = (("sign-out",), ("role", "manager"), ("password", "--password-stdin"), ("disable",))


def test_commands_end_sessions_and_streams_in_every_web_process(service: Service, user: int) -> None:
    """With two real web processes, and others that run the commands."""
    webs = [Doorbell(service) for _ in range(2)]
    password = PASSWORD
    try:
        for web in webs:
            web.start_web()
        for name, *rest in COMMANDS:
            cookie = sign_in_at(webs[0].url, password)
            streams = [EventStream(web.url + "/stream", cookie) for web in webs]
            for stream in streams:
                assert stream.until("hello")
            assert flask(webs[0], "user", name, EMAIL, *rest).endswith("signed out everywhere.\n")
            for stream in streams:
                while stream.next() is not None:
                    pass
            assert [get(web.url + path, cookie) for web in webs for path in ("/stream", "/panels/revenue")] == [401] * 4
            password = NEW_PASSWORD if name == "password" else password
    finally:
        for web in webs:
            web.close()


def flask(web: Doorbell, *command: str) -> str:
    args = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
    done = subprocess.run(
        args, cwd=ROOT, env=web.env(), input=NEW_PASSWORD + "\n", text=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sign_in_at(url: str, password: str) -> str:
    """The cookie of a new session."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    page = BeautifulSoup(browser.open(f"{url}/sign-in", timeout=10).read(), "html.parser")
    token = page.select_one("input[name=csrf_token]")
    assert token is not None
    form = {"csrf_token": str(token["value"]), "email": EMAIL, "password": password}
    assert browser.open(f"{url}/sign-in", urlencode(form).encode(), timeout=10).url == f"{url}/"
    return "; ".join(f"{kept.name}={kept.value}" for kept in jar)
