"""The page of a board's settings, and the ranking that it switches off."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from ..support.browser import Person
from ..support.world import World


@pytest.fixture
def ana(app: Flask, manager: int) -> Person:
    return Person(app, manager)


@pytest.fixture
def sales(world: World, acme: int, manager: int) -> int:
    """Zoe sold more than Ben, Ana Silva and unassigned orders; returns Zoe's id."""
    zoe, ben = world.user(acme, "Zoe Smith"), world.user(acme, "ben Okafor")
    for owner, total in ((zoe, 900), (ben, 500), (manager, 300), (None, 700)):
        world.order(acme, total, owner_id=owner, paid_at=world.now())
        world.conn.execute(
            "INSERT INTO rollups_daily VALUES (%s, current_date - 1, %s, 1, 1, %s)", [acme, owner or 0, total]
        )
    return zoe


def names(fragment: BeautifulSoup) -> list[str]:
    return [name.get_text() for name in fragment.select(".person-name")]


def switch_off(ana: Person) -> None:
    page = ana.page("/settings/board")
    box = page.select_one("input[name=shows_ranking]")
    assert box is not None
    box.extract()  # a box that is not checked is not sent
    response = ana.send(page, "/settings/board")
    assert (response.status_code, response.location) == (303, "/settings/board")


def test_a_manager_switches_the_ranking_off_and_on(world: World, ana: Person) -> None:
    assert ana.page("/settings/board").select_one("input[name=shows_ranking][checked]")
    switch_off(ana)
    page = ana.page("/settings/board")
    assert not page.select("input[name=shows_ranking][checked]")
    assert "The board shows no ranking." in page.get_text()
    assert world.conn.execute("SELECT shows_ranking FROM tenants").fetchall() == [(False,)]
    ana.send(page, "/settings/board", shows_ranking="on")
    assert world.conn.execute("SELECT shows_ranking FROM tenants").fetchall() == [(True,)]


def test_the_account_menu_leads_managers_to_the_settings(app: Flask, world: World, acme: int, ana: Person) -> None:
    ben = Person(app, world.user(acme, "Ben Okafor"))
    for person in (ana, ben):
        assert person.page("/").select('.menu-card a[href="/settings"]')
    assert ana.page("/settings/profile").select('.settings-nav a[href="/settings/board"]')
    assert not ben.page("/settings/profile").select('a[href="/settings/board"]')
    assert ben.get("/settings/board").status_code == 403
    assert ben.post("/settings/board").status_code == 403
    assert world.conn.execute("SELECT shows_ranking FROM tenants").fetchall() == [(True,)]


def test_with_the_ranking_salespeople_are_listed_by_revenue_with_bars(ana: Person, sales: int) -> None:
    for panel in ("salespeople", "leaderboard"):
        shown = ana.page(f"/panels/{panel}")
        assert names(shown) == ["Zoe Smith", "Unassigned", "ben Okafor", "Ana Silva"], panel
        assert len(shown.select(".share-bar")) == 4
    assert [rank.get_text() for rank in ana.page("/panels/leaderboard").select(".rank")] == ["1", "2", "3", "4"]


def test_without_the_ranking_salespeople_are_listed_by_name_without_bars(ana: Person, sales: int) -> None:
    ana.page("/panels/salespeople")
    switch_off(ana)
    for panel in ("salespeople", "leaderboard"):
        shown = ana.page(f"/panels/{panel}")
        assert names(shown) == ["Ana Silva", "ben Okafor", "Zoe Smith", "Unassigned"], panel
        assert not shown.select(".share-bar, .rank"), panel
    assert "Top" not in ana.page("/").select_one("#leaderboard-title").get_text()  # type: ignore[union-attr]


def test_other_tenants_keep_their_ranking(world: World, ana: Person, sales: int) -> None:
    world.tenant("other")
    switch_off(ana)
    assert dict(world.conn.execute("SELECT slug, shows_ranking FROM tenants").fetchall()) == {
        "acme": False,
        "other": True,
    }
