"""The page of TV screens: a manager makes, names, changes, renews and revokes links."""

from __future__ import annotations

import re

import pytest
import redis
from flask import Flask

from webapp.signals import signal_log

from ..support.board import text
from ..support.browser import Person, soup
from ..support.tvs import Tv, make_tv
from ..support.world import World

pytestmark = pytest.mark.web_role

FORM = {
    "name": "Sales office",
    "screens": ["today", "month"],
    "screen_seconds": "30",
    "theme": "dark",
    "language": "de",
}


def address_on(html: str) -> str:
    found = re.search(r"/tv/[\w-]{43}", html)
    assert found, text(html)
    return found[0]


def test_a_manager_makes_a_tv_and_its_address_is_shown_once(mia: Person, wall: Person) -> None:
    assert "No TVs yet" in mia.get("/settings/tv").text
    made = mia.post("/settings/tv", FORM)
    assert "it is shown once" in made.text
    address = address_on(made.text)
    page = wall.get(address)
    assert page.status_code == 200
    assert 'data-theme="dark"' in page.text
    assert 'lang="de' in page.text
    assert [each["data-screen"] for each in soup(page).select("[data-screen]")] == ["today", "month"]
    again = mia.get("/settings/tv")
    assert address not in again.text
    assert "Sales office" in again.text
    assert "On now" in again.text


def test_screens_have_the_order_of_their_places(mia: Person, wall: Person) -> None:
    form = FORM | {"screens": ["today", "recent", "month"], "place-today": "3", "place-recent": "2", "place-month": "1"}
    page = wall.get(address_on(mia.post("/settings/tv", form).text))
    assert [each["data-screen"] for each in soup(page).select("[data-screen]")] == ["month", "recent", "today"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", " ", "Enter a name, such as Sales office."),
        ("name", "x" * 61, "The name has 61 characters. Enter at most 60."),
        ("screens", [], "Choose at least one screen."),
        ("screens", ["cinema"], "is not a screen."),
        ("screen_seconds", "4", "Enter whole seconds from 5 to 3600."),
        ("screen_seconds", "soon", "is not a valid time."),
        ("theme", "pink", "is not in the list."),
        ("language", "tlh", "is not in the list."),
    ],
)
def test_a_value_that_is_not_valid_is_named_and_nothing_is_made(
    mia: Person, field: str, value: object, words: str
) -> None:
    response = mia.post("/settings/tv", FORM | {field: value})
    assert response.status_code == 422
    assert words in text(response.text)
    assert "No TVs yet" in mia.get("/settings/tv").text


def test_changed_options_reach_the_tv_by_a_signal_and_the_version_of_its_page(
    mia: Person, wall: Person, tv: Tv, tenant: int, redis_client: redis.Redis
) -> None:
    before = wall.get(f"{tv.path}/screens/today").headers["Doorbell-TV"]
    assert before in wall.get(tv.path).text
    seq = signal_log.latest_seq(redis_client, tenant)
    assert mia.post(f"/settings/tv/{tv.id}", FORM).status_code == 303
    assert signal_log.latest_seq(redis_client, tenant) > seq
    assert wall.get(f"{tv.path}/screens/today").headers["Doorbell-TV"] != before


def test_a_new_address_ends_the_old_one(mia: Person, wall: Person, tv: Tv) -> None:
    address = address_on(mia.post(f"/settings/tv/{tv.id}/token").text)
    assert wall.get(address).status_code == 200
    assert wall.get(tv.path).status_code == 404


def test_a_revocation_says_what_will_happen_and_ends_the_tv(mia: Person, wall: Person, tv: Tv) -> None:
    page = mia.page("/settings/tv")
    assert "its address never works again. You cannot undo this." in page.get_text()
    done = mia.send(page, f"/settings/tv/{tv.id}/revocation")
    assert done.status_code == 303
    assert wall.get(tv.path).status_code == 410
    assert "Revoked Office." in mia.get("/settings/tv").text
    assert mia.get(f"/settings/tv/{tv.id}").status_code == 404
    assert mia.post(f"/settings/tv/{tv.id}", FORM).status_code == 404
    assert mia.post(f"/settings/tv/{tv.id}/token").status_code == 404
    assert mia.get(f"/settings/tv/{tv.id}/preview").status_code == 404


def test_the_preview_is_the_page_of_the_tv(mia: Person, tv: Tv) -> None:
    page = mia.page(f"/settings/tv/{tv.id}/preview")
    body = page.select_one("body")
    assert body is not None
    assert body["data-address"] == f"/settings/tv/{tv.id}/preview"
    assert mia.get(f"/settings/tv/{tv.id}/preview/screens/today").status_code == 200
    assert mia.get(f"/settings/tv/{tv.id}/preview/paid?seen=3:3:").status_code == 200
    assert "Not opened yet" in mia.get("/settings/tv").text


def test_a_tv_of_another_company_does_not_exist_and_salespeople_have_no_such_page(
    app: Flask, world: World, mia: Person, wall: Person, tenant: int
) -> None:
    other = make_tv(world, world.tenant("other"))
    for path in ("", "/preview", "/preview/screens/today"):
        assert mia.get(f"/settings/tv/{other.id}{path}").status_code == 404
    mia.post(f"/settings/tv/{other.id}/revocation")
    assert wall.get(other.path).status_code == 200
    ana = world.conn.execute("SELECT id FROM users WHERE name = 'Ana Silva'").fetchone()
    assert ana is not None
    assert Person(app, ana[0]).get("/settings/tv").status_code == 403
