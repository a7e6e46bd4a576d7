"""A new password by mail: the link, its limits, and what an answer gives away."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.accounts import changes, password_reset, passwords
from webapp.services import services

from ..support.browser import Person, soup
from ..support.mail_server import MailServer, mail_server, text_of
from ..support.web_app import Web, cookie_of
from ..support.world import Service, World

pytestmark = pytest.mark.web_role

OLD, NEW = "correct horse battery", "a lovely new staple"
EMAIL = "ana@example.com"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as started:
        yield started


@pytest.fixture
def web(service: Service, server: MailServer) -> Iterator[Web]:
    web = Web(service, **server.settings)
    yield web
    services(web.app).mail.close()


@pytest.fixture
def ana(world: World) -> int:
    tenant = world.tenant(name="Acme\nBcc: eve@example.com")
    world.order(tenant, number="A1")
    return world.user(tenant, "Ana https://evil.example", email=EMAIL, password_hash=passwords.hash_password(OLD))


def ask(web: Web, email: str = EMAIL) -> Person:
    person = Person(web.app)
    response = person.post("/password-reset", {"email": email})
    assert (response.status_code, response.location) == (303, "/password-reset/sent")
    return person


def link_of(server: MailServer, number: int = 1) -> str:
    found = re.search(r"https://bell\.example\.com(/password-reset/[\w-]{43})\s", text_of(server.newest(number)))
    assert found is not None
    return found[1]


def choose(web: Web, link: str, password: str = NEW, repeated: str | None = None):  # type: ignore[no-untyped-def]
    person = Person(web.app)
    opened = person.get(link)
    assert (opened.status_code, opened.location) == (303, "/password-reset/new")
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    page = person.get("/password-reset/new")
    if page.status_code != 200:
        return page
    form = {"password": password, "repeated": password if repeated is None else repeated}
    return person.send(soup(page), "/password-reset/new", **form)


def sign_in(web: Web, password: str) -> Person:
    person = Person(web.app)
    person.response = person.post("/sign-in", {"email": EMAIL, "password": password})  # type: ignore[attr-defined]
    return person


def is_signed_in(person: Person) -> bool:
    return person.get("/orders").status_code == 200


def test_a_link_sets_a_new_password_once_and_ends_all_sessions(
    web: Web, server: MailServer, ana: int, world: World
) -> None:
    before = sign_in(web, OLD)
    assert is_signed_in(before)
    ask(web)
    link = link_of(server)
    answer = choose(web, link)
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert not is_signed_in(before)
    assert not is_signed_in(sign_in(web, OLD))
    assert is_signed_in(sign_in(web, NEW))
    assert choose(web, link, "another fine staple").status_code == 410
    changed = server.newest(2)
    assert changed["Subject"] == "Your Doorbell password was changed"
    assert "127.0.0.1" in text_of(changed)
    kinds = "SELECT kind FROM audit_log WHERE kind LIKE 'password%' ORDER BY id"
    assert world.conn.execute(kinds).fetchall() == [("password_reset_requested",), ("password_changed",)]


def test_the_token_is_stored_as_a_hash_only(web: Web, server: MailServer, ana: int, world: World) -> None:
    ask(web)
    token = link_of(server).rpartition("/")[2]
    (row,) = world.conn.execute("SELECT token_hash, expires_at - created_at FROM password_resets").fetchall()
    assert row[0] != token.encode()
    assert row[1] == password_reset.LIFETIME
    assert server.recipients == [[EMAIL]]


def test_names_with_line_breaks_and_links_do_not_change_the_mail(web: Web, server: MailServer, ana: int) -> None:
    ask(web)
    mail = server.newest(1)
    assert mail["Bcc"] is None
    assert "https://evil.example" not in text_of(mail)
    assert "Acme Bcc: eve@example.com" in text_of(mail)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE password_resets SET expires_at = now()",
        "UPDATE users SET disabled_at = now()",
        "UPDATE users SET password_hash = password_hash || 'x'",
        "UPDATE users SET role = 'manager'",
    ],
)
def test_a_link_ends_with_its_hour_and_with_a_change_of_the_user(
    web: Web, server: MailServer, ana: int, world: World, change: str
) -> None:
    ask(web)
    link = link_of(server)
    world.conn.execute(change)
    assert choose(web, link).status_code == 410


def test_a_link_ends_with_a_change_of_the_address(web: Web, server: MailServer, ana: int) -> None:
    """It is in the mailbox of the former address, which may belong to another person now."""
    ask(web)
    link = link_of(server)
    with web.app.app_context():
        changes.rename_user(EMAIL, None, "ana.new@example.com")
    assert choose(web, link).status_code == 410


def test_unknown_and_disabled_accounts_get_the_same_answer_and_no_mail(
    web: Web, server: MailServer, ana: int, world: World
) -> None:
    world.user(world.tenant("other"), "Eva", email="eva@example.com", disabled_at="now", password_hash="x")
    pages = [
        ask(web, email).get("/password-reset/sent").text for email in ("who@example.com", "eva@example.com", EMAIL)
    ]
    bodies = {soup_text(page) for page in pages}
    assert len(bodies) == 1
    assert server.newest(1)["To"] == EMAIL
    services(web.app).mail.close()
    assert server.recipients == [[EMAIL]]


def soup_text(page: str) -> str:
    return re.sub(r'content="[^"]*"|value="[^"]*"', "", page)


@pytest.mark.parametrize("text", ["ana", "@example.com", "ana@"])
def test_a_text_that_cannot_be_an_address_is_named(web: Web, text: str) -> None:
    response = Person(web.app).post("/password-reset", {"email": text})
    assert (response.status_code, f"“{text}” is not a valid e-mail address" in response.text) == (422, True)


def test_the_answer_does_not_wait_for_the_look_up(
    web: Web, ana: int, monkeypatch: pytest.MonkeyPatch, server: MailServer
) -> None:
    """The request only queues the work, so its time says nothing about the account."""
    answered = threading.Event()
    after_the_answer: list[bool] = []
    find = password_reset.admin.find_user

    def find_after_the_answer(*arguments: object) -> object:
        after_the_answer.append(answered.wait(15))
        return find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(password_reset.admin, "find_user", find_after_the_answer)
    ask(web)
    answered.set()
    server.newest(1)
    assert after_the_answer == [True]


def test_an_account_without_a_password_gets_no_link(web: Web, server: MailServer, ana: int, world: World) -> None:
    world.conn.execute("UPDATE users SET password_hash = NULL")
    ask(web)
    assert "has no password" in text_of(server.newest(1))
    assert "/password-reset/" not in text_of(server.newest(1))


@pytest.mark.parametrize(
    ("password", "named"),
    [("short", "10 to 1000"), (EMAIL, "e-mail"), ("password123", "easy to guess"), ("qwertyuiop1", "easy to guess")],
)
def test_an_easy_password_is_refused_and_the_link_stays_valid(
    web: Web, server: MailServer, ana: int, password: str, named: str
) -> None:
    ask(web)
    link = link_of(server)
    answer = choose(web, link, password)
    assert answer.status_code == 422
    assert named in answer.text
    assert choose(web, link, NEW, "something else").status_code == 422
    assert choose(web, link).status_code == 303


def test_many_requests_send_few_mails_and_a_client_is_refused_in_the_end(
    web: Web, server: MailServer, ana: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person(web.app)
    token = person.csrf_token()
    data = {"csrf_token": token, "email": EMAIL}
    codes = [
        person.client.post("/password-reset", data=data).status_code for _ in range(password_reset.CLIENT_REQUESTS + 1)
    ]
    assert codes == [303] * password_reset.CLIENT_REQUESTS + [429]
    services(web.app).mail.close()
    assert len(server.mails) == password_reset.ACCOUNT_REQUESTS


def test_all_spellings_of_an_address_share_the_limit_of_mails(web: Web) -> None:
    limits = services(web.app).password_resets
    # The dotted capital is an i for PostgreSQL's lower(), so each of these finds the user of the first one.
    spellings = ("mia@example.com", "m\u0130a@example.com", " MIA@example.com")
    allowed = [limits.allows_mail(spellings[n % 3]) for n in range(password_reset.ACCOUNT_REQUESTS + 2)]
    assert allowed == [True] * password_reset.ACCOUNT_REQUESTS + [False] * 2


def test_a_link_keeps_its_second_factor_and_signs_nobody_in(web: Web, server: MailServer, ana: int) -> None:
    ask(web)
    person = Person(web.app)
    person.get(link_of(server))
    page = person.page("/password-reset/new")
    person.send(page, "/password-reset/new", password=NEW, repeated=NEW)
    assert not is_signed_in(person)


def test_without_mail_the_pages_name_the_administrator(service: Service) -> None:
    person = Person(Web(service).app)
    assert "Ask your Doorbell administrator for a new" in person.get("/sign-in").text
    page = person.get("/password-reset")
    assert "Ask your Doorbell administrator for a new password" in page.text
    assert soup(page).select_one("form") is None


def test_a_forged_host_does_not_reach_the_mail(web: Web, server: MailServer, ana: int) -> None:
    person = Person(web.app)
    data = {"csrf_token": person.csrf_token(), "email": EMAIL}
    headers = {"Host": "evil.example", "Cookie": cookie_of(person)}
    assert web.new_client().post("/password-reset", data=data, headers=headers).status_code == 303
    assert "evil.example" not in text_of(server.newest(1)).replace("https: //evil", "")
    assert link_of(server)


def test_the_old_cookie_is_refused_in_another_process(web: Web, service: Service, server: MailServer, ana: int) -> None:
    elsewhere = Web(service)
    before = sign_in(web, OLD)
    cookie = cookie_of(before)
    assert elsewhere.sees(cookie) == 200
    ask(web)
    choose(web, link_of(server))
    elsewhere.seconds += 11
    assert elsewhere.sees(cookie) == 401
