"""The end of a session, for requests and streams: at once in its process, and within seconds in the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from bs4 import BeautifulSoup

from webapp.accounts.sessions import SessionKey
from webapp.accounts.user_cache import KEPT_SECONDS
from webapp.observability.metrics import web as metrics
from webapp.stream import end_session
from webapp.streams.base import Stream

from ..support.browser import Person
from ..support.ended_sessions import ended
from ..support.metrics import metric_value, scrape
from ..support.processes import Doorbell, get
from ..support.sse import EventStream
from ..support.viewers import statements
from ..support.wait import eventually
from ..support.web_app import Web, cookie_of
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")

USERS = "JOIN tenancy_session_tenants"
TOKEN = "a-token-for-the-tests"


def dropped() -> float:
    return metric_value(metrics.DROPS.labels("session"))


def test_a_sign_out_writes_the_end_of_the_session(ana: Person, world: World) -> None:
    rows = "SELECT count(*) FROM user_sessions"
    assert (ended(world.conn), world.conn.execute(rows).fetchone()) == (0, (1,))
    ana.post("/sign-out")
    assert world.conn.execute(rows).fetchone() == (0,)
    row = world.conn.execute("SELECT ended_at <= now(), expires_at - ended_at FROM ended_sessions").fetchone()
    assert row is not None
    assert row[0]
    assert timedelta(days=30, hours=23) < row[1] <= timedelta(days=31)


def test_in_the_same_process_a_copied_cookie_is_refused_after_the_sign_out(
    here: Web, ana: Person, world: World
) -> None:
    token = ana.csrf_token()
    cookie = cookie_of(ana)
    assert here.sees(cookie) == 200
    ana.post("/sign-out")
    with statements(here.app) as sent:
        assert here.sees(cookie) == 401
        assert here.pays(cookie, token).location == "/sign-in"
        assert sent == [], "the process needs no query for it"
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("placed",)


def test_in_another_process_a_copied_cookie_reads_until_the_cache_expires(elsewhere: Web, ana: Person) -> None:
    cookie = cookie_of(ana)
    assert elsewhere.sees(cookie) == 200
    ana.post("/sign-out")
    elsewhere.seconds += KEPT_SECONDS
    assert elsewhere.sees(cookie) == 200
    elsewhere.seconds += 0.1
    assert elsewhere.sees(cookie) == 401
    assert elsewhere.new_client().get("/", headers={"Cookie": cookie}).location == "/sign-in"


def test_in_another_process_a_copied_cookie_cannot_write(elsewhere: Web, ana: Person, world: World) -> None:
    token = ana.csrf_token()
    cookie = cookie_of(ana)
    assert elsewhere.sees(cookie) == 200
    ana.post("/sign-out")
    assert elsewhere.pays(cookie, token).location == "/sign-in"
    assert elsewhere.sees(cookie) == 401, "the write updated the cache"
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("placed",)


def test_a_write_checks_user_and_session_in_one_query(here: Web, ana: Person, world: World) -> None:
    token = ana.csrf_token()
    with statements(here.app) as sent:
        assert here.pays(cookie_of(ana), token).status_code == 303
    assert sent.about("ended_sessions") == sent.about(USERS) == 1
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("paid",)


def test_another_session_of_the_same_user_continues(here: Web, elsewhere: Web, ana: Person) -> None:
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


def test_a_signed_out_cookie_stays_refused_after_it_is_signed_again(here: Web, elsewhere: Web, ana: Person) -> None:
    """The sign-in page adds a CSRF token to the session, so the cookie gets a newer signature."""
    cookie = cookie_of(ana)
    ana.post("/sign-out")
    thief = elsewhere.app.test_client()
    thief.set_cookie("session", cookie.removeprefix("session="))
    assert thief.get("/sign-in").status_code == 200
    again = thief.get_cookie("session")
    assert again is not None
    assert again.value != cookie.removeprefix("session="), "guard: the cookie was signed again"
    for web in (here, elsewhere):
        assert web.sees(f"session={again.value}") == 401


def test_the_other_link_of_the_demo_ends_the_session_before(here: Web, ana: Person, world: World) -> None:
    cookie = cookie_of(ana)
    assert ana.get("/demo").status_code == 303
    assert here.sees(cookie) == 401
    assert here.sees(cookie_of(ana)) == 200
    assert ended(world.conn) == 1


@pytest.mark.parametrize("way", ["socket", "generator"])
def test_a_sign_out_in_one_tab_ends_the_streams_of_the_others_at_once(service: Service, user: int, way: str) -> None:
    doorbell = Doorbell(service, STREAM_TRANSPORT=way, METRICS_TOKEN=TOKEN)
    doorbell.start_web()
    try:
        jar = CookieJar()
        browser = build_opener(HTTPCookieProcessor(jar))
        page = browser.open(f"{doorbell.url}/demo?as=sales", timeout=20).read()
        cookie = "; ".join(f"{kept.name}={kept.value}" for kept in jar)
        tab = EventStream(doorbell.url + "/stream", cookie)
        office = EventStream(doorbell.url + "/stream", doorbell.cookie(user))
        for stream in (tab, office):
            assert stream.until("hello")
        token = BeautifulSoup(page, "html.parser").select_one("form[action='/sign-out'] input[name=csrf_token]")
        assert token is not None
        browser.open(f"{doorbell.url}/sign-out", urlencode({"csrf_token": token["value"]}).encode(), timeout=20)
        assert tab.next() is None, "it ended within the timeout of a read"
        assert get(doorbell.url + "/stream", cookie) == 401, "the page then shows that it is signed out"
        drops = "doorbell_stream_drops_total"
        eventually(lambda: scrape(doorbell.url + "/metrics", TOKEN).value(drops, cause="session") == 1)
        # The other session continues.
        eventually(lambda: scrape(doorbell.url + "/metrics", TOKEN).total("doorbell_streams_open") == 1)
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
    assert elsewhere.hub.count() == 3, "guard: the check alone ends no stream"
    ana.post("/sign-out")
    assert [list(stream) for stream in streams] == [[], [], []]
    assert dropped() - before == 3
    assert elsewhere.sees(cookie) == 401, "the notice also updated the cache of users"


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


def test_the_check_of_all_streams_ends_those_that_missed_the_notice(
    elsewhere: Web, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere.hub._ended_elsewhere, "_check", lambda: None)
    stream = elsewhere.stream(cookie_of(ana))
    ana.post("/sign-out")
    with statements(elsewhere.app) as sent:
        elsewhere.looks()
    assert sent.about("ended_sessions") == 1
    assert list(stream) == []


def test_a_stream_that_opens_during_the_sign_out_is_closed(
    here: Web, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sign-out happens after the request passed its checks and before the hub has the stream."""
    opened: Callable[..., None] = here.hub.open
    key: dict[str, SessionKey] = {}

    def sign_out_first(stream: Stream, *rest: object) -> None:
        assert stream.session is not None
        key["of"] = stream.session
        with here.app.app_context():
            end_session(stream.session)
        opened(stream, *rest)

    monkeypatch.setattr(here.hub, "open", sign_out_first)
    answer = here.new_client().get("/stream", buffered=False, headers={"Cookie": cookie_of(ana)})
    assert b"event: ping" not in answer.data
    assert here.hub.count() == 0
    assert key["of"] is not None


def test_a_cookie_without_a_session_id_stays_valid_and_gets_an_id_with_the_next_page(here: Web, user: int) -> None:
    person = Person(here.app)
    with person.client.session_transaction() as session:
        session.update(_user_id=str(user), _fresh=False)
    old = cookie_of(person)
    assert here.sees(old) == 200
    assert here.users.get_by_cookie(old) is not None
    here.seconds += KEPT_SECONDS + 0.1
    assert here.users.get_by_cookie(old) is None, "its age is unknown, so Flask verifies it again"
    assert cookie_of(person) == old, "fragments give no id, because many are requested at once"
    person.get("/")
    new = cookie_of(person)
    assert new != old
    person.get("/orders")
    assert cookie_of(person) == new
    person.post("/sign-out")
    assert here.sees(new) == 401
