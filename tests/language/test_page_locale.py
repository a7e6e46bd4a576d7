"""The locale of pages, forms and links: of the user, else of the browser, else of the tenant."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from ..support.browser import Person
from ..support.world import World

GERMAN, ENGLISH, ARABIC = ({"Accept-Language": header} for header in ("de-AT,de;q=0.9", "en-US,en;q=0.9", "ar"))


def language(person: Person, path: str = "/", headers: dict[str, str] | None = None) -> tuple[str, str]:
    """`lang` and `dir` of a page."""
    html: Any = BeautifulSoup(person.get(path, headers=headers or {}).text, "html.parser").html
    return html["lang"], html["dir"]


def revenue(person: Person, headers: dict[str, str] | None = None) -> str:
    return person.get("/panels/revenue", headers=headers or {}).text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def ana(app: Flask, world: World) -> Person:
    tenant = world.tenant(locale="de_DE")
    ana = world.user(tenant, role="manager")
    world.order(tenant, 123_450, owner_id=ana, number="A-1", paid_at=world.now())
    return Person(app, ana)


def test_a_page_is_in_the_language_of_the_browser_and_without_one_in_that_of_the_tenant(ana: Person) -> None:
    assert language(ana) == ("de-DE", "ltr")
    assert language(ana, headers=ENGLISH) == ("en-150", "ltr")
    assert language(ana, headers=ARABIC) == ("ar", "rtl")
    assert language(ana, "/no-such-page", ENGLISH) == ("en-150", "ltr")


def test_the_language_of_the_user_goes_before_that_of_the_browser(ana: Person, world: World) -> None:
    world.conn.execute("UPDATE users SET language = 'en'")
    assert language(ana, headers=GERMAN) == ("en-150", "ltr")
    assert "1,234.50 €" in revenue(ana, GERMAN)


def test_a_signed_out_page_is_in_the_language_of_the_browser(app: Flask) -> None:
    stranger = Person(app)
    assert language(stranger, "/sign-in", GERMAN) == ("de", "ltr")
    assert language(stranger, "/sign-in", ARABIC) == ("ar", "rtl")
    assert language(stranger, "/sign-in", {"Accept-Language": "ja"}) == ("en", "ltr")


def test_an_open_page_keeps_its_language_in_its_requests(ana: Person, world: World) -> None:
    page = {"Doorbell-Language": "de"} | ENGLISH
    assert "1.234,50 €" in revenue(ana, page)
    world.conn.execute("UPDATE users SET language = 'en'")
    assert "1.234,50 €" in revenue(ana, page), "also after its user has chosen another one"
    assert "1.234,50 €" not in revenue(ana, {"Doorbell-Language": "xx"} | ENGLISH)


def test_caches_keep_the_languages_apart(ana: Person) -> None:
    for path in ("/", "/sign-in", "/panels/revenue", "/panels/revenue", "/panels?names=revenue", "/panels/inbox"):
        assert "Accept-Language" in ana.get(path).headers["Vary"], path
    german, english = (ana.get("/panels/revenue", headers=headers) for headers in (GERMAN, ENGLISH))
    assert german.headers["ETag"] != english.headers["ETag"]
    other = ana.get("/panels/revenue", headers=ENGLISH | {"If-None-Match": german.headers["ETag"]})
    assert other.status_code == 200


def test_forms_read_numbers_as_the_page_writes_them(ana: Person, world: World) -> None:
    for headers, typed, wrong in ((GERMAN, "1.234,50", "1,234.50"), (ENGLISH, "1,234.50", "1.234,50")):
        refused = ana.post("/orders", {"customer": "Toms", "total": wrong}, headers=headers)
        assert refused.status_code == 422
        placed = ana.post("/orders", {"customer": "Toms", "total": typed}, headers=headers)
        assert placed.status_code == 303, placed.text
    totals = world.conn.execute("SELECT total_minor FROM orders WHERE customer = 'Toms'").fetchall()
    assert totals == [(123_450,), (123_450,)]


def test_an_address_with_amounts_can_be_shared_with_a_reader_of_another_language(ana: Person) -> None:
    for headers in (GERMAN, ENGLISH):
        page = ana.get("/orders?min=1.234,50&max=1.234,50", headers=headers)
        assert (page.status_code, "A-1" in page.text) == (200, True)
    assert ana.get("/panels/orders?min=1,234.50", headers=ENGLISH).status_code == 200
    assert ana.get("/panels/orders?min=1,234.50", headers=GERMAN).status_code == 400


def test_an_error_of_the_server_is_in_the_language_of_the_browser(app: Flask, ana: Person) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail() -> str:
        raise ZeroDivisionError

    app.view_functions["connect.index"] = fail
    assert language(ana, "/connect", GERMAN) == ("de-DE", "ltr")
