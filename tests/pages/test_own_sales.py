"""The panels of a salesperson's own sales, of the funnel and of top products: their texts and links."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask

from ..support.browser import Person
from ..support.world import World


@pytest.fixture
def ben_id(world: World, acme: int) -> int:
    return world.user(acme, "Ben Okafor")


@pytest.fixture
def ben(app: Flask, ben_id: int) -> Person:
    return Person(app, ben_id)


def links(panel: BeautifulSoup) -> dict[str, dict[str, str]]:
    """The text of each link to the orders page, with its filters."""
    found = {}
    for link in panel.select('a[href^="/orders?"]'):
        filters = parse_qs(urlsplit(str(link["href"])).query)
        found[link.get_text(" ", strip=True)] = {name: values[0] for name, values in filters.items()}
    return found


def words(panel: Tag) -> str:
    return panel.get_text(" ", strip=True).replace("\N{NO-BREAK SPACE}", " ")


def test_each_own_figure_links_to_its_orders(world: World, acme: int, ben_id: int, ben: Person) -> None:
    now = world.now()
    day = now.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat()
    world.order(acme, 1_200, number="1042", owner_id=ben_id, placed_at=now, paid_at=now - timedelta(days=2))
    world.order(acme, 3_400, owner_id=ben_id, placed_at=now, paid_at=now, shipped_at=now)
    panel = ben.page("/panels/mine")
    owner = str(ben_id)
    assert links(panel) == {
        "€34.00": {"by": "revenue", "from": day, "to": day, "owner": owner},
        "2": {"from": day, "to": day, "status": "counted", "owner": owner},
        "1 to ship": {"status": "to_ship", "owner": owner},
        "0 unpaid": {"status": "placed", "owner": owner},
    }
    todo = panel.select_one(".mine-todo")
    assert todo is not None
    assert words(todo) == "Ship order 1042 paid 2 days ago · Toms Spezialitäten €12.00"
    assert todo.select_one('a[href="/orders/1042"]')


def test_a_salesperson_without_orders_sees_calm_zeros_and_no_rank_alone(ben: Person) -> None:
    panel = ben.page("/panels/mine")
    assert "€0.00" in words(panel)
    assert "Nothing to do. Paid orders to ship appear here." in words(panel)
    assert not panel.select(".mine-rank"), "there is no rank among one"


def test_ranks_name_shared_places_and_people_without_sales(world: World, acme: int, ben_id: int, app: Flask) -> None:
    cem, dana = world.user(acme, "Cem Yilmaz"), world.user(acme, "Dana Meyer")
    for owner in (ben_id, cem):
        world.order(acme, owner_id=owner, paid_at=world.now())
    shown = {user: Person(app, user).page("/panels/mine").select_one("#mine-rank-today") for user in (ben_id, dana)}
    assert words(shown[ben_id]) == "1st of 3 today, shared"  # type: ignore[arg-type]
    assert words(shown[dana]) == "No sales yet today"  # type: ignore[arg-type]


def test_a_manager_without_own_orders_has_an_empty_hidden_panel(
    app: Flask, world: World, acme: int, manager: int
) -> None:
    ana = Person(app, manager)
    assert ana.page("/panels/mine").select_one(".mine-none")
    world.order(acme, owner_id=manager)
    assert not ana.page("/panels/mine").select(".mine-none")


def test_the_funnel_links_its_steps_and_the_orders_between_them(world: World, acme: int, ben: Person) -> None:
    now = world.now()
    day = now.astimezone(ZoneInfo("Europe/Berlin")).date()
    times: list[dict[str, Any]] = [{}, {}, {"paid_at": now}, {"paid_at": now, "shipped_at": now}]
    for columns in times:
        world.order(acme, placed_at=now, **columns)
    panel = ben.page("/panels/funnel")
    today = {"from": day.isoformat(), "to": day.isoformat()}
    assert links(panel) == {
        "Placed": today | {"status": "counted"},
        "2 not paid": today | {"status": "placed"},
        "1 to ship": today | {"status": "to_ship"},
        "Shipped": today | {"status": "shipped"},
    }
    assert "Paid 2 50%" in words(panel)
    assert "Shipped 1 25%" in words(panel)


def test_top_products_are_hidden_without_lines_and_calm_without_sales(world: World, acme: int, ben: Person) -> None:
    old = world.order(acme, placed_at=datetime(2026, 1, 2, tzinfo=ZoneInfo("UTC")))
    assert ben.page("/panels/top_products").select_one(".products-none")
    line = "INSERT INTO order_lines VALUES (%s, %s, 1, '', '<b>Tea', 2, 100, 200)"
    world.conn.execute(line, [acme, old])
    assert "No products sold yet today" in words(ben.page("/panels/top_products"))
    world.conn.execute(line, [acme, world.order(acme)])
    assert words(ben.page("/panels/top_products")).endswith("1 <b>Tea €2.00 2 sold")
