"""The ways to the first order: the card of an empty board and the page Connect your orders."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask

from ..support.board import text
from ..support.browser import Person
from ..support.world import World

TITLE = "Connect your orders"


@pytest.fixture
def person(app: Flask, acme: int, manager: int) -> Person:
    return Person(app, manager)


def test_an_empty_board_has_the_card_until_its_first_order(person: Person, world: World, acme: int) -> None:
    card = person.page("/").select_one(".first-run")
    assert card is not None
    assert TITLE in card.text
    world.order(acme)
    assert person.page("/").select_one(".first-run") is None
    assert TITLE not in person.get("/panels/recent_orders").text


def test_another_tenants_orders_leave_the_card(person: Person, world: World) -> None:
    world.order(world.tenant("other"))
    assert person.page("/").select_one(".first-run") is not None


@pytest.mark.parametrize(
    ("role", "title", "count"), [("manager", TITLE, 4), ("sales", "No orders yet", 2)], ids=["manager", "sales"]
)
def test_the_card_has_the_ways_that_its_user_can_go(
    app: Flask, world: World, acme: int, role: str, title: str, count: int
) -> None:
    """Every link leads to a page, and to a part of it that exists."""
    person = Person(app, world.user(acme, "Cleo Brandt", role=role))
    card = person.page("/").select(".first-run")[0]
    assert [heading.text for heading in card.select("h2")] == [title]
    links = [str(link["href"]) for link in card.select("a")]
    assert len(links) == count
    for link in links:
        path, _, part = link.partition("#")
        page = person.page(path)
        assert not part or page.select_one(f"#{part}") is not None, link


@pytest.mark.parametrize("page", ["/orders/import", "/attached"])
@pytest.mark.parametrize(("role", "is_linked"), [("manager", True), ("sales", False)])
def test_the_pages_of_imports_and_attached_tables_are_linked_for_managers(
    app: Flask, world: World, acme: int, page: str, role: str, is_linked: bool
) -> None:
    person = Person(app, world.user(acme, "Cleo Brandt", role=role))
    for path in ("/panels/recent_orders", "/connect"):
        assert (person.page(path).select_one(f'a[href="{page}"]') is not None) is is_linked, path


@pytest.mark.parametrize(("currency", "locale", "amount"), [("EUR", "de_DE", "129,00 €"), ("JPY", "ja_JP", "¥12,900")])
def test_the_examples_have_the_tenants_own_values(
    app: Flask, world: World, conn: psycopg.Connection, currency: str, locale: str, amount: str
) -> None:
    world.tenant("first")
    tenant = world.tenant("own-slug", currency=currency, locale=locale)
    page = Person(app, world.user(tenant)).page("/connect")
    assert amount in text(str(page.select_one("#sql")))
    assert "--tenant own-slug" in page.select("#file pre")[0].text
    assert "--tenant own-slug" in page.select("#table pre")[0].text
    conn.execute(page.select("#sql pre")[0].text)
    assert conn.execute("SELECT tenant_id, number, status, total_minor FROM orders").fetchall() == [
        (tenant, "SHOP-1", "paid", 12900)
    ]


def test_the_orders_page_offers_its_list_as_csv_with_its_filter(person: Person, world: World, acme: int) -> None:
    ben = world.user(acme, "Ben Okafor")
    links = person.page(f"/orders?q=caf%C3%A9+x&status=paid&owner={ben}").select(".page-menu a")
    query = f"q=caf%C3%A9+x&status=paid&owner={ben}"
    assert [link["href"] for link in links] == [f"/orders.csv?{query}", f"/orders.csv?lines=1&{query}"]
    assert [link["href"] for link in person.page("/orders").select(".page-menu a")] == [
        "/orders.csv",
        "/orders.csv?lines=1",
    ]


def test_board_and_history_offer_the_figures_of_a_day(person: Person, world: World, acme: int) -> None:
    assert person.page("/").select_one('.page-head a[href="/figures.csv"]') is not None
    world.conn.execute("INSERT INTO rollups_daily VALUES (%s, current_date - 1, 0, 1, 1, 1000)", [acme])
    days = person.page("/panels/history").select("th a")
    assert len(days) == 30
    for day in (days[0], days[-1]):
        assert person.get(str(day["href"])).status_code == 200
