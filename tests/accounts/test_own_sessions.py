"""A user's sessions in the browser: their list, their end, and a change of the password."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from webapp.accounts import passwords
from webapp.accounts.sightings import Sightings
from webapp.accounts.user_cache import KEPT_SECONDS
from webapp.services import services

from ..support.browser import Person, soup
from ..support.viewers import statements
from ..support.web_app import Web, cookie_of
from ..support.world import Service, World

pytestmark = [pytest.mark.usefixtures("heartbeat"), pytest.mark.web_role]

PASSWORD, NEW = "correct horse battery", "a lovely new staple"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def email(world: World, user: int) -> str:
    world.conn.execute("UPDATE users SET password_hash = %s WHERE id = %s", [passwords.hash_password(PASSWORD), user])
    found = world.conn.execute("SELECT email FROM users WHERE id = %s", [user]).fetchone()
    assert found is not None
    return str(found[0])


def signed_in(web: Web, email: str, agent: str = FIREFOX, password: str = PASSWORD) -> Person:
    person = Person(web.app)
    person.client.environ_base["HTTP_USER_AGENT"] = agent
    assert person.post("/sign-in", {"email": email, "password": password}).status_code == 303
    return person


def listed(page: BeautifulSoup) -> list[str]:
    return [" ".join(row.get_text(" ").split()) for row in page.select(".security-session")]


def is_signed_in(person: Person) -> bool:
    return person.get("/orders").status_code == 200


def sign_out_of(page: BeautifulSoup, number: int) -> str:
    form = page.select(".security-session form")[number]
    return str(form["action"])


def sightings(web: Web) -> Sightings:
    return services(web.app).sightings


def test_the_list_has_each_session_in_words_and_this_one_first(here: Web, email: str, world: World) -> None:
    signed_in(here, email, PHONE)
    world.conn.execute("UPDATE user_sessions SET seen_at = now() - interval '3 hours', address = '2001:db8::7'")
    laptop = signed_in(here, email)
    first, second = listed(laptop.page("/settings/security"))
    assert first.startswith("Firefox 131 on Windows This session 127.0.0.1 · Active now Signed in")
    assert second.startswith("Safari 18 on iPhone 2001:db8::7 · Last active")


def test_one_session_ends_with_its_streams_and_the_others_go_on(
    here: Web, elsewhere: Web, email: str, world: World
) -> None:
    phone = signed_in(here, email, PHONE)
    laptop = signed_in(here, email)
    streams = [web.stream(cookie_of(phone)) for web in (here, elsewhere)]
    page = laptop.page("/settings/security")
    assert laptop.send(page, sign_out_of(page, 1)).location == "/settings/security"
    assert [list(stream) for stream in streams] == [[], []], "they ended at once, in both processes"
    assert not is_signed_in(phone)
    assert is_signed_in(laptop)
    assert len(listed(laptop.page("/settings/security"))) == 1
    entries = "SELECT length(details ->> 'session') FROM audit_log WHERE kind = 'sessions_ended'"
    assert world.conn.execute(entries).fetchall() == [(8,)]


def test_a_session_of_another_user_cannot_be_ended(here: Web, email: str, world: World) -> None:
    ana = signed_in(here, email)
    other = world.user(
        world.tenant("other"), "Eva", email="eva@example.com", password_hash=passwords.hash_password(NEW)
    )
    eva = signed_in(here, "eva@example.com", password=NEW)
    found = world.conn.execute("SELECT id FROM user_sessions WHERE user_id <> %s", [other]).fetchone()
    assert found is not None
    eva.post(f"/settings/security/sessions/{found[0]}/sign-out")
    assert is_signed_in(ana)
    assert world.conn.execute("SELECT count(*) FROM ended_sessions").fetchone() == (0,)


def test_signing_out_everywhere_ends_all_sessions_and_streams(
    here: Web, elsewhere: Web, email: str, world: World
) -> None:
    phone, laptop = signed_in(here, email, PHONE), signed_in(here, email)
    stream = elsewhere.stream(cookie_of(phone))
    page = laptop.page("/settings/security")
    assert laptop.send(page, "/settings/security/sign-out").location == "/sign-in"
    assert list(stream) == []
    assert not is_signed_in(phone)
    assert not is_signed_in(laptop)
    assert world.conn.execute("SELECT count(*) FROM user_sessions").fetchone() == (0,)
    assert world.conn.execute("SELECT details FROM audit_log WHERE kind = 'sessions_ended'").fetchone() == (
        {"all": True},
    )


def test_a_new_password_keeps_this_session_and_ends_the_others(
    here: Web, elsewhere: Web, email: str, world: World
) -> None:
    phone, laptop = signed_in(here, email, PHONE), signed_in(here, email)
    copied = cookie_of(laptop)
    assert elsewhere.sees(copied) == 200
    answer = change(laptop)
    assert answer.location == "/settings/security"
    assert "Your other sessions are signed out" in laptop.get("/settings/security").text
    assert len(listed(laptop.page("/settings/security"))) == 1
    assert is_signed_in(laptop)
    assert not is_signed_in(phone)
    elsewhere.seconds += KEPT_SECONDS + 1
    assert elsewhere.sees(copied) == 401, "a copy of the cookie from before is refused"
    assert is_signed_in(signed_in(here, email, password=NEW))
    entries = "SELECT actor_id = subject_id FROM audit_log WHERE kind = 'password_changed'"
    assert world.conn.execute(entries).fetchall() == [(True,)]


def change(person: Person, current: str = PASSWORD, password: str = NEW):  # type: ignore[no-untyped-def]
    form = {"current": current, "password": password, "repeated": password}
    return person.send(person.page("/settings/security"), "/settings/security/password", **form)


def test_a_new_password_needs_the_current_one_and_counts_guesses(here: Web, email: str) -> None:
    ana = signed_in(here, email)
    wrong = change(ana, "wrong password")
    assert wrong.status_code == 422
    assert "not your current password" in wrong.text
    assert "wrong password" not in wrong.text
    assert change(ana, password=email).status_code == 422
    codes = [change(ana, "wrong password").status_code for _ in range(11)]
    assert codes[-1] == 429
    assert not is_signed_in(Person(here.app))


def test_a_page_is_written_as_the_last_use_without_a_query_of_the_request(here: Web, email: str, world: World) -> None:
    ana = signed_in(here, email)
    world.conn.execute("UPDATE user_sessions SET seen_at = now() - interval '5 days', browser = ''")
    with statements(here.app) as sent:
        assert is_signed_in(ana)
    assert sent.about("user_sessions") <= 1, "the query of the user reads it"
    assert not [one for one in sent if "UPDATE user_sessions" in one or "INSERT INTO user_sessions" in one]
    sightings(here).write()
    row = world.conn.execute("SELECT now() - seen_at < '1 minute', browser FROM user_sessions").fetchone()
    assert row == (True, "Firefox 131 on Windows")


def test_a_stream_and_a_panel_count_as_use(here: Web, email: str, world: World) -> None:
    fresh = "SELECT now() - seen_at < '1 minute' FROM user_sessions"
    old = "UPDATE user_sessions SET seen_at = now() - interval '5 days'"
    ana = signed_in(here, email)
    cookie = cookie_of(ana)
    here.users.seen.clear()
    world.conn.execute(old)
    sightings(here).write()
    assert world.conn.execute(fresh).fetchone() == (False,), "guard: nothing was used"
    stream = here.stream(cookie)
    here.users.seen.clear()
    sightings(here).write()
    assert world.conn.execute(fresh).fetchone() == (True,)
    here.hub.close_all(0.0)
    assert list(stream) == []
    world.conn.execute(old)
    here.seconds += KEPT_SECONDS + 1
    assert here.sees(cookie) == 200
    sightings(here).write()
    assert world.conn.execute(fresh).fetchone() == (True,)


def test_a_session_that_is_not_used_ends_also_for_open_processes(
    here: Web, service: Service, email: str, world: World
) -> None:
    ana = signed_in(here, email)
    cookie = cookie_of(ana)
    assert here.sees(cookie) == 200
    world.conn.execute("UPDATE user_sessions SET seen_at = now() - interval '15 days'")
    without_limit = Web(service, SESSION_IDLE_DAYS="0")
    assert without_limit.sees(cookie) == 200
    here.seconds += KEPT_SECONDS + 1
    assert here.sees(cookie) == 401
    assert here.new_client().get("/", headers={"Cookie": cookie}).location == "/sign-in"


def test_a_cookie_of_before_goes_on_and_gets_a_row_with_its_next_page(here: Web, user: int, world: World) -> None:
    ana = Person(here.app, user)
    assert is_signed_in(ana)
    sightings(here).write()
    row = world.conn.execute("SELECT user_id, method FROM user_sessions").fetchone()
    assert row == (user, "")
    ana.post("/sign-out")
    sightings(here).write()
    assert world.conn.execute("SELECT count(*) FROM user_sessions").fetchone() == (0,), "an ended one gets none"


def test_without_sessions_to_list_the_page_says_so(here: Web, user: int) -> None:
    page = soup(Person(here.app, user).get("/settings/security"))
    assert "No sessions to show yet" in page.get_text()
