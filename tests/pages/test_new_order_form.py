"""The form of a new order: what it places, what it refuses, and that typed values stay."""

from __future__ import annotations

import pytest

from ..support.browser import Person, soup
from ..support.orders import alert, row
from ..support.world import World


def test_the_form_places_an_order_and_shows_it(ana: Person, world: World) -> None:
    page = ana.page("/orders/new")
    response = ana.send(page, "/orders", customer="Hanari Carnes", total="1,250.00")
    assert (response.status_code, response.location) == (303, "/orders/1001")
    assert "Order 1001 placed." in ana.get(response.location).text
    me = world.conn.execute("SELECT id FROM users").fetchone()
    assert me is not None
    expected = {"customer": "Hanari Carnes", "total_minor": 125000, "refunded_minor": 0, "owner_id": me[0]}
    assert row(world, "1001") == expected | {"status": "placed", "source": "form"}
    assert world.events()[0]["actor_id"] == me[0]


def test_the_form_places_an_order_with_lines(ana: Person, world: World) -> None:
    lines = {"lines-0-product": "Chai", "lines-0-quantity": "2.5", "lines-0-unit_price": "18"}
    lines |= {"lines-2-product": "Chang", "lines-2-unit_price": "19.00", "freight": "3"}
    response = ana.send(ana.page("/orders/new"), "/orders", customer="Hanari Carnes", **lines)
    page = ana.page(response.location)
    cells = [[c.get_text(strip=True) for c in r.select("th, td")] for r in page.select("table tbody tr")]
    assert cells == [["Chai", "2.5", "€18.00", "€45.00"], ["Chang", "1", "€19.00", "€19.00"]]
    assert row(world, "1001")["total_minor"] == 6700
    assert "€3.00" in page.select("tfoot td")[0].get_text()


def test_a_form_sent_twice_places_one_order(ana: Person, world: World) -> None:
    page = ana.page("/orders/new")
    sent = [ana.send(page, "/orders", customer="Hanari Carnes", total="5") for _ in range(2)]
    assert [r.location for r in sent] == ["/orders/1001", "/orders/1001"]
    assert len(world.events()) == 1


def test_a_form_changed_after_it_was_sent_is_refused_once_and_then_places_another_order(
    ana: Person, world: World
) -> None:
    page = ana.page("/orders/new")
    ana.send(page, "/orders", customer="Hanari Carnes", total="5")
    again = ana.send(page, "/orders", customer="Hanari Carnes", total="6")
    assert again.status_code == 409
    assert "already placed order 1001" in alert(again)
    assert ana.send(soup(again), "/orders").location == "/orders/1002"
    assert row(world, "1002")["total_minor"] == 600


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"customer": ""}, "Enter the customer's name."),
        ({"total": ""}, "neither items nor a total"),
        ({"total": "12,5"}, "Write it like 1234.50"),
        ({"total": "-5"}, "'-5' is negative. Enter 0 or more"),
        ({"freight": "-5", "total": "", "lines-0-product": "Chai", "lines-0-unit_price": "1"}, "'-5' is negative"),
        ({"lines-0-product": "Chai"}, "needs a product and a unit price"),
        ({"total": "", "lines-0-product": "Chai", "lines-0-unit_price": "x"}, "is not an amount"),
        ({"total": "", "lines-0-product": "Chai", "lines-0-unit_price": "1", "lines-0-quantity": "many"}, "quantity"),
        ({"total": "", "lines-0-product": "Chai", "lines-0-unit_price": "1", "lines-0-quantity": "0"}, "quantity 0"),
        ({"owner": "999999"}, "in your team"),
        ({"owner": "x"}, "in your team"),
    ],
)
def test_an_invalid_form_returns_with_its_error_and_the_typed_values(
    mia: Person, world: World, given: dict[str, str], error: str
) -> None:
    typed = {"customer": "Hanari <Carnes>", "total": "5"} | given
    response = mia.send(mia.page("/orders/new"), "/orders", **typed)
    assert response.status_code == 422
    page = soup(response)
    assert error in page.get_text(" ")
    for name, text in typed.items():
        found = page.select_one(f'input[name="{name}"]')
        assert found is None or found["value"] == text
    assert world.events() == []


def test_add_items_adds_rows_and_keeps_the_typed_values(ana: Person, world: World) -> None:
    page = soup(
        ana.send(ana.page("/orders/new"), "/orders", customer="Hanari", **{"lines-0-product": "Chai", "more": "1"})
    )
    assert len(page.select('input[name$="-product"]')) == 6
    assert page.select_one('input[value="Chai"]')
    assert page.select_one("details[open]")
    assert world.events() == []


@pytest.mark.parametrize("quantity", ["1,1E-5000", "1,1E999999", "1e3", "NaN", "9" * 5_000, "²", "1\u00a0000"])
def test_an_unusual_quantity_is_refused_at_its_field(ana: Person, world: World, quantity: str) -> None:
    given = {"lines-0-product": "Chai", "lines-0-unit_price": "1", "lines-0-quantity": quantity}
    response = ana.send(ana.page("/orders/new"), "/orders", customer="Hanari Carnes", **given)
    assert response.status_code == 422
    assert "is not a quantity. Enter a number like 2." in soup(response).get_text(" ")


@pytest.mark.parametrize("row", ["²", "9" * 5_000, "-1", "", "99999", "1.5"])
def test_a_row_that_no_form_has_is_ignored(ana: Person, world: World, row: str) -> None:
    given = {f"lines-{row}-product": "Chai", "lines-0-product": "Chang", "lines-0-unit_price": "1"}
    response = ana.send(ana.page("/orders/new"), "/orders", customer="Hanari Carnes", **given)
    assert response.status_code == 303
    assert world.conn.execute("SELECT product FROM order_lines").fetchall() == [("Chang",)]


def test_amounts_may_include_the_currency(ana: Person, world: World) -> None:
    given = {"lines-0-product": "Chai", "lines-0-unit_price": " €1,200 ", "freight": "3.50 EUR"}
    assert ana.send(ana.page("/orders/new"), "/orders", customer="Hanari Carnes", **given).status_code == 303
    assert world.conn.execute("SELECT total_minor FROM orders").fetchone() == (120350,)
