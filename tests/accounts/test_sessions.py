"""A session that ended is ended everywhere: for requests, for streams, here at once and elsewhere in a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import flask_migrate
import psycopg
import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp import create_app
from webapp.accounts import sessions, user_cache
from webapp.accounts.sessions import SessionKey
from webapp.accounts.user_cache import AWAY_SECONDS, HEADER_SECONDS, KEPT_SECONDS
from webapp.observability.metrics import web as metrics
from webapp.postgres import session as pg_session
from webapp.stream import end_session
from webapp.streams.base import Stream
from webapp.streams.revocation import Revocations

from ..conftest import SECRET, config_for
from ..support.browser import Person
from ..support.heartbeat import client  # noqa: F401 - a fixture
from ..support.metrics import scrape
from ..support.processes import Doorbell, get
from ..support.sse import EventStream
from ..support.viewers import statements
from ..support.world import Service, World

USERS = "FROM users JOIN tenants"
TOKEN = "a-token-for-the-tests"


class Web:
    """One web process of several on the same database, in this one, with a clock that a test moves."""

    def __init__(self, service: Service, **changes: str) -> None:
        self.app = create_app(config_for(service, **changes))
        self.visitors = self.app.extensions["doorbell_visitors"]
        self.hub = self.app.extensions["doorbell_hub"]
        self.seconds = 1_000.0
        self.visitors.clock = lambda: self.seconds

    def sees(self, cookie: str) -> int:
        return self._client().get("/panels/revenue", headers={"Cookie": cookie}).status_code

    def stream(self, cookie: str) -> Iterator[bytes]:
        """The frames of a stream whose greeting has come."""
        frames = iter(self._client().get("/stream", buffered=False, headers={"Cookie": cookie}).response)
        assert b"event: hello" in next(frames)
        return frames

    def _client(self) -> FlaskClient:
        return self.app.test_client(use_cookies=False)

    def pays(self, cookie: str, token: str) -> TestResponse:
        data = {"csrf_token": token}
        return self._client().post("/orders/A1/payment", data=data, headers={"Cookie": cookie})

    def writes(self, cookie: str, token: str) -> bool:
        return self.pays(cookie, token).location != "/sign-in"

    def looks(self) -> None:
        """The look at all streams that the rounds have every 50 s."""
        self.hub._close_revoked()


def cookie_of(person: Person) -> str:
    kept = person.client.get_cookie("session")
    assert kept is not None
    return f"session={kept.value}"


def ended(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT count(*) FROM ended_sessions").fetchone()
    assert row is not None
    return int(row[0])


def dropped() -> float:
    return metrics.DROPS.labels("session")._value.get()


@pytest.fixture
def here(service: Service) -> Web:
    return Web(service)


@pytest.fixture
def elsewhere(service: Service) -> Web:
    return Web(service)


@pytest.fixture
def user(world: World) -> int:
    """Ana, of a tenant with an order A1 that nobody has paid yet."""
    tenant = world.tenant("demo")
    world.user(tenant, "Mia Chef", role="manager")
    world.order(tenant, number="A1")
    return world.user(tenant)


@pytest.fixture
def ana(here: Web, user: int) -> Person:
    """Signed in for real, by the demo's door."""
    person = Person(here.app)
    assert person.get("/demo?as=sales").status_code == 303
    assert person.get("/panels/revenue").status_code == 200
    return person


def test_a_sign_in_writes_no_row_and_a_sign_out_one(ana: Person, world: World) -> None:
    assert ended(world.conn) == 0
    ana.post("/sign-out")
    row = world.conn.execute("SELECT ended_at <= now(), expires_at - ended_at FROM ended_sessions").fetchone()
    assert row is not None
    assert row[0]
    assert timedelta(days=30, hours=23) < row[1] <= timedelta(days=31)


def test_in_the_same_process_a_copied_cookie_does_nothing_after_the_sign_out(
    here: Web, ana: Person, world: World
) -> None:
    token = ana.csrf_token()
    cookie = cookie_of(ana)
    assert here.sees(cookie) == 200
    ana.post("/sign-out")
    with statements(here.app) as sent:
        assert here.sees(cookie) == 401
        assert here.pays(cookie, token).location == "/sign-in"
        assert sent == [], "it is known here"
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("placed",)


def test_in_another_process_a_copied_cookie_reads_for_a_moment_and_no_longer(elsewhere: Web, ana: Person) -> None:
    cookie = cookie_of(ana)
    assert elsewhere.sees(cookie) == 200
    ana.post("/sign-out")
    elsewhere.seconds += KEPT_SECONDS
    assert elsewhere.sees(cookie) == 200
    elsewhere.seconds += 0.1
    assert elsewhere.sees(cookie) == 401
    assert elsewhere._client().get("/", headers={"Cookie": cookie}).location == "/sign-in"


def test_in_another_process_a_copied_cookie_writes_nothing_at_once(elsewhere: Web, ana: Person, world: World) -> None:
    token = ana.csrf_token()
    cookie = cookie_of(ana)
    assert elsewhere.sees(cookie) == 200
    ana.post("/sign-out")
    assert elsewhere.pays(cookie, token).location == "/sign-in"
    assert elsewhere.sees(cookie) == 401, "and with that it is known there"
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("placed",)


def test_a_write_asks_for_user_and_session_in_one_query(here: Web, ana: Person, world: World) -> None:
    token = ana.csrf_token()
    with statements(here.app) as sent:
        assert here.pays(cookie_of(ana), token).status_code == 303
    assert sent.about("ended_sessions") == sent.about(USERS) == 1
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("paid",)


def test_another_session_of_the_same_user_goes_on(here: Web, elsewhere: Web, ana: Person) -> None:
    office = Person(here.app)
    office.get("/demo?as=sales")
    assert here.sees(cookie_of(office)) == elsewhere.sees(cookie_of(office)) == 200
    streams = [web.stream(cookie_of(office)) for web in (here, elsewhere)]
    ana.post("/sign-out")
    for web in (here, elsewhere):
        web.seconds += KEPT_SECONDS + 0.1
        web.looks()
        assert web.sees(cookie_of(office)) == 200
        assert web.hub.count() == 1
    for web in (here, elsewhere):
        web.hub.close_all(0.0)
    for stream in streams:
        assert list(stream) == []
    assert office.post("/sign-out").status_code == 303


def test_a_signed_out_cookie_that_is_signed_anew_is_no_better(here: Web, elsewhere: Web, ana: Person) -> None:
    """The sign-in page gives a session its token and with that a newer signature."""
    cookie = cookie_of(ana)
    ana.post("/sign-out")
    thief = elsewhere.app.test_client()
    thief.set_cookie("session", cookie.removeprefix("session="))
    assert thief.get("/sign-in").status_code == 200
    again = thief.get_cookie("session")
    assert again is not None
    assert again.value != cookie.removeprefix("session="), "the guard: it was"
    for web in (here, elsewhere):
        assert web.sees(f"session={again.value}") == 401


def test_through_the_demos_other_door_one_leaves_the_session_before(here: Web, ana: Person, world: World) -> None:
    cookie = cookie_of(ana)
    assert ana.get("/demo").status_code == 303
    assert here.sees(cookie) == 401
    assert here.sees(cookie_of(ana)) == 200
    assert ended(world.conn) == 1


@pytest.mark.parametrize("way", ["socket", "generator"])
def test_a_sign_out_in_one_tab_ends_the_streams_of_the_others_at_once(service: Service, user: int, way: str) -> None:
    doorbell = Doorbell(service, DOORBELL_STREAMS=way, METRICS_TOKEN=TOKEN)
    doorbell.start_web()
    try:
        jar = CookieJar()
        browser = build_opener(HTTPCookieProcessor(jar))
        page = browser.open(f"{doorbell.url}/demo?as=sales", timeout=5).read()
        cookie = "; ".join(f"{kept.name}={kept.value}" for kept in jar)
        tab = EventStream(doorbell.url + "/stream", cookie)
        office = EventStream(doorbell.url + "/stream", doorbell.cookie(user))
        for stream in (tab, office):
            assert stream.until("hello")
        token = BeautifulSoup(page, "html.parser").select_one("form[action='/sign-out'] input[name=csrf_token]")
        assert token is not None
        browser.open(f"{doorbell.url}/sign-out", urlencode({"csrf_token": token["value"]}).encode(), timeout=5)
        assert tab.next() is None, "it ended, and within the time that a read may take"
        assert get(doorbell.url + "/stream", cookie) == 401, "so its page shows that it is signed out"
        drops = "doorbell_stream_drops_total"
        assert scrape(doorbell.url + "/metrics", TOKEN).value(drops, cause="session") == 1
        assert scrape(doorbell.url + "/metrics", TOKEN).total("doorbell_streams_open") == 1, "the office goes on"
        office.close()
    finally:
        doorbell.close()


def test_the_streams_in_another_process_end_at_once_by_a_notice(
    elsewhere: Web, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.streams.ended_elsewhere.CHECK_SECONDS", 60.0)
    cookie, before = cookie_of(ana), dropped()
    streams = [elsewhere.stream(cookie) for _ in range(3)]
    elsewhere.looks()
    assert elsewhere.hub.count() == 3, "the guard: a look alone ends nothing"
    ana.post("/sign-out")
    assert [list(stream) for stream in streams] == [[], [], []]
    assert dropped() - before == 3
    assert elsewhere.sees(cookie) == 401, "and its cookie is not read from memory either"


def test_the_streams_in_another_process_end_within_seconds_without_redis(
    service: Service, user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.streams.ended_elsewhere.CHECK_SECONDS", 0.2)
    here, elsewhere = (Web(service, REDIS_URL="redis://127.0.0.1:1/0") for _ in range(2))
    ana = Person(here.app)
    assert ana.get("/demo?as=sales").status_code == 303
    cookie = cookie_of(ana)
    stream = elsewhere.stream(cookie)
    ana.post("/sign-out")
    assert b"event: ping" not in b"".join(stream), "it ended before its first beat"
    assert elsewhere.sees(cookie) == 401


def test_the_look_at_all_streams_finds_what_the_notice_missed(
    elsewhere: Web, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere.hub._ended_elsewhere, "_check", lambda: None)
    stream = elsewhere.stream(cookie_of(ana))
    ana.post("/sign-out")
    with statements(elsewhere.app) as sent:
        elsewhere.looks()
    assert sent.about("ended_sessions") == 1
    assert list(stream) == []


def test_a_stream_that_opens_while_its_session_ends_ends_as_well(here: Web, ana: Person) -> None:
    """The sign-out comes when the request has been let in, and the hub does not know of the stream yet."""
    opened, key = here.hub.open, {}

    def sign_out_first(stream: Stream, *rest: object) -> None:
        key["of"] = stream.session
        with here.app.app_context():
            end_session(stream.session)
        opened(stream, *rest)

    here.hub.open = sign_out_first
    answer = here._client().get("/stream", buffered=False, headers={"Cookie": cookie_of(ana)})
    assert b"event: ping" not in b"".join(answer.response)
    assert here.hub.count() == 0
    assert key["of"] is not None


def test_without_postgresql_a_look_ends_only_what_is_too_old(service: Service) -> None:
    young, old = Stream(1, 1), Stream(1, 1)
    young.session, old.session = SessionKey("a", int(time.time()) + 60), SessionKey("b", int(time.time()) - 1)
    away = create_app(config_for(service, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"))
    assert list(Revocations(away).revoked([young, old])) == [(old, "session")]


def test_a_session_ends_by_its_age(service: Service, user: int) -> None:
    web = Web(service)
    person = Person(web.app)
    person.get("/demo?as=sales")
    cookie = cookie_of(person)
    stream = web.stream(cookie)
    assert web.sees(cookie) == web.sees(cookie) == 200
    web.looks()
    assert web.hub.count() == 1
    lifetime = web.app.permanent_session_lifetime.total_seconds()
    web.visitors.now = lambda: time.time() + lifetime + 1
    web.seconds += KEPT_SECONDS + 0.1
    assert person.get("/orders").location == "/sign-in?next=/orders"
    assert person.client.post("/orders").location == "/sign-in"
    expired = Stream(1, user)
    expired.session = SessionKey("x", int(time.time()))
    assert [cause for _stream, cause in Revocations(web.app).revoked([expired])] == ["session"]
    web.hub.close_all(0.0)
    assert list(stream) == []


def test_a_header_that_is_known_is_good_for_no_longer_than_its_session(service: Service, user: int) -> None:
    web = Web(service)
    web.app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=30)
    person = Person(web.app)
    person.get("/demo?as=sales")
    cookie = cookie_of(person)
    assert web.sees(cookie) == 200
    web.seconds += 29
    assert web.visitors.of_cookie(cookie) is not None
    web.seconds += 1.1
    assert web.visitors.of_cookie(cookie) is None


def test_a_known_header_is_read_anew_without_flask_and_verified_after_a_minute(here: Web, ana: Person) -> None:
    cookie = cookie_of(ana)
    assert here.sees(cookie) == 200
    with statements(here.app) as sent:
        for _ in range(5):
            here.seconds += KEPT_SECONDS + 0.1
            assert here.visitors.of_cookie(cookie) is not None
            assert here.visitors.of_cookie(cookie) is not None
        assert sent.about(USERS) == 5
        here.seconds += HEADER_SECONDS - 5 * (KEPT_SECONDS + 0.1) + 0.1
        assert here.visitors.of_cookie(cookie) is None
        assert sent.about(USERS) == 5


def test_without_postgresql_a_known_header_goes_the_ordinary_way_and_is_not_asked_for_twice(
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
        assert here.visitors.of_cookie(cookie) is None
        assert here.sees(cookie) == 503
    assert here.visitors.of_cookie(cookie) is None, "for a moment nobody tries this way"
    here.seconds += AWAY_SECONDS
    assert here.visitors.of_cookie(cookie) is not None


def _refuse(*_args: object, **_options: object) -> None:
    raise psycopg.OperationalError("connection refused")


def test_a_thousand_known_headers_are_a_few_queries_in_ten_seconds(service: Service, world: World) -> None:
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
            web.visitors.get(user_id, key)
            web.visitors.remember_cookie(f"session={user_id}", user_id)
            cookies.append(f"session={user_id}")
    with statements(web.app) as sent:
        for _ in range(5):
            sent.clear()
            web.seconds += KEPT_SECONDS + 0.1
            assert all(web.visitors.of_cookie(cookie) is not None for cookie in cookies)
            assert 1 <= sent.about(USERS) <= 1 + len(cookies) // user_cache.MAX_AT_ONCE
            assert sent.about("ended_sessions") == len(sent) == sent.about(USERS)


def test_a_cookie_of_an_older_version_goes_on_and_gets_an_id_with_its_next_page(here: Web, user: int) -> None:
    person = Person(here.app)
    with person.client.session_transaction() as session:
        session.update(_user_id=str(user), _fresh=False)
    old = cookie_of(person)
    assert here.sees(old) == 200
    assert here.visitors.of_cookie(old) is not None
    here.seconds += KEPT_SECONDS + 0.1
    assert here.visitors.of_cookie(old) is None, "its age is not known here, so its signature is looked at again"
    assert cookie_of(person) == old, "no fragment gives one: many are asked for at once"
    person.get("/")
    new = cookie_of(person)
    assert new != old
    person.get("/orders")
    assert cookie_of(person) == new
    person.post("/sign-out")
    assert here.sees(new) == 401


def test_rows_of_sessions_that_would_be_over_anyway_are_removed(
    service: Service, ana: Person, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana.post("/sign-out")
    world.conn.execute(
        "INSERT INTO ended_sessions (id, expires_at) SELECT gen_random_uuid(), now() FROM generate_series(1, 3)"
    )
    values = {"DATABASE_URL": service.database_url, "REDIS_URL": service.redis_url, "SECRET_KEY": SECRET}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    from tasks.sessions import remove

    assert remove() == 3
    assert ended(world.conn) == 1
    assert remove() == 0


def test_the_migration_goes_up_from_the_version_before_with_what_is_there_and_down_again(
    service: Service, user: int, world: World
) -> None:
    app = create_app(config_for(service))
    with app.app_context():
        flask_migrate.downgrade(revision="0004")
        assert world.conn.execute("SELECT to_regclass('ended_sessions')").fetchone() == (None,)
        flask_migrate.upgrade()
    person = Person(app, user)
    person.post("/orders/A1/payment")
    person.post("/sign-out")
    assert ended(world.conn) == 1
    with app.app_context():
        flask_migrate.downgrade(revision="0004")
        assert world.conn.execute("SELECT status FROM orders").fetchone() == ("paid",)
        flask_migrate.upgrade()
    assert ended(world.conn) == 0
