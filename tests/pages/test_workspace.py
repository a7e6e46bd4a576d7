"""The page of the workspace: what managers save, what is refused, and two managers at once."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from ..support.browser import Person, soup
from ..support.world import World

pytestmark = pytest.mark.web_role

PATH = "/settings/workspace"
PARTS = "/panels/workspace"
VALUES = "SELECT name, timezone, locale, team_visible FROM tenants"


@pytest.fixture
def zoe(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant, "Zoe Boss", role="manager"))


def save(person: Person, page: BeautifulSoup, **changes: str) -> tuple[int, BeautifulSoup]:
    """Send the form of a page, with its box checked, and follow to the next page."""
    response = person.send(page, PATH, **{"team_visible": "on"} | changes)
    if response.status_code == 303:
        return 303, person.page(PATH)
    return response.status_code, soup(response)


def alerts(page: BeautifulSoup) -> str:
    return " ".join(alert.get_text(" ", strip=True) for alert in page.select("main .alert"))


def test_a_manager_changes_name_zone_and_format(world: World, mia: Person) -> None:
    world.conn.execute("UPDATE users SET language = 'en'")
    changes = {"name": " Northwind ", "timezone": "America/New_York", "locale": "de_DE"}
    status, page = save(mia, mia.page(PATH), **changes)
    assert (status, "Workspace saved." in alerts(page)) == (303, True)
    assert world.conn.execute(VALUES).fetchall() == [("Northwind", "America/New_York", "de_DE", True)]
    assert "being rebuilt in the new time zone" in alerts(page)
    assert "Northwind" in mia.page("/").select_one("title").get_text()  # type: ignore[union-attr]


def test_the_team_is_hidden_by_an_empty_box(world: World, mia: Person) -> None:
    save(mia, mia.page(PATH), team_visible="")
    assert world.conn.execute("SELECT team_visible FROM tenants").fetchall() == [(False,)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "Enter the company's name."),
        ({"name": "x" * 201}, "The name has 201 characters. Enter at most 200."),
        ({"timezone": "Berlin"}, "The time zone “Berlin” is not known."),
        ({"timezone": "localtime"}, "The time zone “localtime” is not known."),
        ({"locale": "german"}, "The format “german” is not known."),
    ],
)
def test_a_value_that_is_not_valid_is_named_and_kept(
    world: World, mia: Person, changes: dict[str, str], words: str
) -> None:
    before = world.conn.execute(VALUES).fetchall()
    status, page = save(mia, mia.page(PATH), **changes)
    assert (status, words in page.get_text()) == (422, True)
    assert page.select_one(f"#{next(iter(changes))}")["aria-invalid"] == "true"  # type: ignore[index]
    assert world.conn.execute(VALUES).fetchall() == before


def test_two_managers_who_change_different_values_keep_both(world: World, mia: Person, zoe: Person) -> None:
    page_of_mia, page_of_zoe = mia.page(PATH), zoe.page(PATH)
    save(zoe, page_of_zoe, timezone="Asia/Tokyo")
    status, page = save(mia, page_of_mia, name="Northwind")
    assert status == 303
    assert "Another manager has changed the time zone to Asia/Tokyo meanwhile." in alerts(page)
    assert world.conn.execute(VALUES).fetchall() == [("Northwind", "Asia/Tokyo", "en_GB", True)]


def test_the_second_manager_is_told_before_a_value_of_the_first_is_replaced(
    world: World, mia: Person, zoe: Person
) -> None:
    page_of_mia, page_of_zoe = mia.page(PATH), zoe.page(PATH)
    save(zoe, page_of_zoe, name="Zoe's name", locale="fr_FR")
    status, page = save(mia, page_of_mia, name="Mia's name")
    assert (status, "Nothing was saved" in alerts(page)) == (409, True)
    assert "changed the name to “Zoe's name” meanwhile" in page.select_one("#name-note").get_text()  # type: ignore[union-attr]
    assert page.select_one("#name")["value"] == "Mia's name"  # type: ignore[index]
    assert world.conn.execute("SELECT name FROM tenants").fetchall() == [("Zoe's name",)]
    status, _ = save(mia, page)
    assert (status, world.conn.execute(VALUES).fetchall()) == (303, [("Mia's name", "Europe/Berlin", "fr_FR", True)])


def test_the_page_says_what_a_zone_and_a_format_mean_before_they_are_saved(
    world: World, mia: Person, tenant: int
) -> None:
    world.order(tenant)
    means = mia.page(f"{PARTS}/zone?timezone=Asia/Tokyo").get_text(" ", strip=True)
    assert "Days begin at midnight in Asia/Tokyo. History is rebuilt for 1 order. This takes about 1 minute." in means
    assert mia.page(f"{PARTS}/zone?timezone=Europe/Berlin").get_text(strip=True) == "", "the present one"
    assert "not known" in mia.page(f"{PARTS}/zone?timezone=Mars").get_text()
    sample = mia.page(f"{PARTS}/sample?locale=de_DE").get_text(" ", strip=True)
    assert "1.234.567,8" in sample
    assert "1.234.567,00\xa0€" in sample
    assert mia.page(f"{PARTS}/sample?locale=nothing").get_text(strip=True) == ""


def test_a_failed_rebuild_is_shown_and_begun_again(world: World, mia: Person, tenant: int) -> None:
    world.conn.execute(
        "INSERT INTO rollup_rebuilds (tenant_id, started_at, attempts, problem) VALUES (%s, now(), 3, 'disk full')",
        [tenant],
    )
    page = mia.page(PATH)
    assert "History could not be rebuilt." in alerts(page)
    assert "disk full" in alerts(page)
    assert mia.send(page, f"{PATH}/rebuild").status_code == 303
    assert world.conn.execute("SELECT attempts, problem, started_at FROM rollup_rebuilds").fetchall() == [
        (0, None, None)
    ]
    assert "Waiting for the worker." in alerts(mia.page(PATH))
