"""The page of a user's own settings."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.browser import Person, soup
from ..support.world import World

pytestmark = pytest.mark.web_role

PATH = "/settings/profile"
COLUMNS = "SELECT name, language, theme, shortcuts FROM users"


def test_settings_lead_to_the_profile(ana: Person) -> None:
    assert ana.get("/settings").location == PATH


def test_a_user_saves_name_language_theme_and_shortcuts(world: World, ana: Person) -> None:
    changes = {"name": " Ana Maria Silva ", "language": "de", "theme": "dark", "shortcuts": ""}
    assert ana.send(ana.page(PATH), PATH, **changes).status_code == 303
    assert world.conn.execute(COLUMNS).fetchall() == [("Ana Maria Silva", "de", "dark", False)]
    page = ana.page(PATH)
    root = page.select_one("html")
    assert root is not None
    assert (root["lang"][:2], root["data-bs-theme"]) == ("de", "dark")
    changes = {"language": "browser", "theme": "device", "shortcuts": "on"}
    ana.send(page, PATH, **changes)
    assert world.conn.execute(COLUMNS).fetchall() == [("Ana Maria Silva", None, None, True)]


def test_a_new_name_stands_on_the_board_of_colleagues_at_once(
    world: World, tenant: int, ana: Person, mia: Person
) -> None:
    (user,) = world.conn.execute("SELECT id FROM users WHERE name = 'Ana Silva'").fetchone()  # type: ignore[misc]
    world.order(tenant, owner_id=user, paid_at=world.now())
    assert "Ana Silva" in mia.page("/").get_text()
    ana.send(ana.page(PATH), PATH, name="Ana Costa", language="browser", theme="device")
    assert "Ana Costa" in mia.page("/panels/salespeople").get_text()
    assert "Ana Costa" in ana.page("/").select_one(".menu-card:not(.inbox-card)").get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "  "}, "Enter your name."),
        ({"name": "x" * 201}, "The name has 201 characters. Enter at most 200."),
        ({"language": "tlh"}, "“tlh” is not valid. Choose one of the list."),
        ({"theme": "purple"}, "“purple” is not valid. Choose one of the list."),
    ],
)
def test_a_value_that_is_not_valid_is_named_and_nothing_is_saved(
    world: World, ana: Person, changes: dict[str, str], words: str
) -> None:
    before = world.conn.execute(COLUMNS).fetchall()
    valid = {"name": "Other", "language": "de", "theme": "dark"}
    refused = ana.send(ana.page(PATH), PATH, **valid | changes)
    assert (refused.status_code, words in soup(refused).get_text()) == (422, True)
    assert world.conn.execute(COLUMNS).fetchall() == before


def test_the_page_shows_e_mail_and_role_without_fields_for_them(ana: Person) -> None:
    page = ana.page(PATH)
    assert "Salesperson" in page.select_one(".settings-facts").get_text()  # type: ignore[union-attr]
    assert {str(field["name"]) for field in page.select("#profile [name]")} == {
        "csrf_token",
        "name",
        "language",
        "theme",
        "shortcuts",
    }


def test_salespeople_have_no_links_to_the_settings_of_the_company(ana: Person, mia: Person) -> None:
    own = [link["href"] for link in ana.page(PATH).select(".settings-nav a")]
    assert own == [PATH, "/settings/security", "/notifications"]
    assert "/settings/workspace" in [link["href"] for link in mia.page(PATH).select(".settings-nav a")]


def test_the_button_of_the_header_saves_the_theme_for_all_browsers(app: Flask, world: World, ana: Person) -> None:
    assert ana.page("/").select_one("html")["data-theme"] == "device"  # type: ignore[index]
    assert ana.post("/settings/theme", {"theme": "dark"}).status_code == 204
    (user,) = world.conn.execute("SELECT id FROM users").fetchone()  # type: ignore[misc]
    for person in (ana, Person(app, user)):
        root = person.page("/").select_one("html")
        assert root is not None
        assert (root["data-theme"], root["data-bs-theme"]) == ("dark", "dark"), "no flash before scripts run"
    refused = ana.post("/settings/theme", {"theme": "purple"})
    assert (refused.status_code, "“purple”" in refused.text) == (422, True)
