"""Cookie headers whose signature was verified moments ago: how long they are trusted, and the queries that they save."""

from __future__ import annotations

import time
from datetime import timedelta

import psycopg
import pytest

from webapp.accounts import sessions, user_cache
from webapp.accounts.user_cache import AWAY_SECONDS, HEADER_SECONDS, KEPT_SECONDS
from webapp.postgres import session as pg_session

from ..support.browser import Person
from ..support.viewers import statements
from ..support.web_app import Web, cookie_of
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")

USERS = "JOIN tenancy_session_tenants"


def test_a_cached_cookie_header_expires_with_its_session(service: Service, user: int) -> None:
    web = Web(service)
    web.app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=30)
    person = Person(web.app)
    person.get("/demo?as=sales")
    cookie = cookie_of(person)
    assert web.sees(cookie) == 200
    began, moment = web.seconds, time.time()
    web.users.now = lambda: moment + web.seconds - began
    # Ten seconds remain for what came before, on a busy machine.
    web.seconds += 20
    assert web.users.get_by_cookie(cookie) is not None
    web.seconds += 11
    assert web.users.get_by_cookie(cookie) is None


def test_a_cached_cookie_header_is_verified_again_after_a_minute(here: Web, ana: Person) -> None:
    cookie = cookie_of(ana)
    assert here.sees(cookie) == 200
    with statements(here.app) as sent:
        for _ in range(5):
            here.seconds += KEPT_SECONDS + 0.1
            assert here.users.get_by_cookie(cookie) is not None
            assert here.users.get_by_cookie(cookie) is not None
        assert sent.about(USERS) == 5
        here.seconds += HEADER_SECONDS - 5 * (KEPT_SECONDS + 0.1) + 0.1
        assert here.users.cookies.get(cookie) is None
        assert here.users.get_by_cookie(cookie) is not None
        assert here.users.cookies.get(cookie) is not None
        assert sent.about(USERS) == 5, "for a signature no query is needed"


def test_a_new_process_answers_a_valid_cookie_header_without_flask(service: Service, ana: Person) -> None:
    cookie, restarted = cookie_of(ana), Web(service)
    found = restarted.users.find_by_cookie(cookie)
    assert found is not None
    assert found[0].page_user == ana.get("/panels/user").text
    # The first letter of the signature. The last one has bits that are not part of it.
    before, signature = cookie.rsplit(".", 1)
    altered = f"{before}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    for header in ("", "session=", "other=1", altered, cookie.replace("session=", "")):
        assert restarted.users.find_by_cookie(header) is None


def test_a_new_process_refuses_the_cookie_of_an_ended_session(service: Service, here: Web, ana: Person) -> None:
    cookie = cookie_of(ana)
    assert here.sees(cookie) == 200
    ana.post("/sign-out")
    assert Web(service).users.find_by_cookie(cookie) is None


def test_without_postgresql_a_cached_cookie_header_is_left_to_flask_and_queried_once(
    here: Web, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = cookie_of(ana)
    assert here.sees(cookie) == 200
    here.seconds += KEPT_SECONDS + 0.1
    with here.app.app_context():
        engine = here.app.extensions["sqlalchemy"].engine
    engine.dispose()
    with monkeypatch.context() as refusing:
        refusing.setattr(pg_session, "connect", _refuse)
        assert here.users.get_by_cookie(cookie) is None
        assert here.sees(cookie) == 503
    assert here.users.get_by_cookie(cookie) is None, "no query during the pause"
    here.seconds += AWAY_SECONDS
    assert here.users.get_by_cookie(cookie) is not None


def _refuse(*_args: object, **_options: object) -> None:
    raise psycopg.OperationalError("connection refused")


def test_a_thousand_cached_cookie_headers_cost_a_few_queries_per_ten_seconds(service: Service, world: World) -> None:
    web, tenant = Web(service), world.tenant()
    world.conn.execute(
        "INSERT INTO users (tenant_id, name, email)"
        " SELECT %s, 'U N', 'u' || n || '@example.com' FROM generate_series(1, 1000) n",
        [tenant],
    )
    cookies = []
    for (user_id,) in world.conn.execute("SELECT id FROM users").fetchall():
        with web.app.test_request_context():
            sessions.begin(None)
            key = sessions.current()
            web.users.get(user_id, key)
            web.users.remember_cookie(f"session={user_id}", user_id)
            cookies.append(f"session={user_id}")
    with statements(web.app) as sent:
        for _ in range(5):
            sent.clear()
            web.seconds += KEPT_SECONDS + 0.1
            assert all(web.users.get_by_cookie(cookie) is not None for cookie in cookies)
            assert 1 <= sent.about(USERS) <= 1 + len(cookies) // user_cache.MAX_AT_ONCE
            assert sent.about("ended_sessions") == len(sent) == sent.about(USERS)
