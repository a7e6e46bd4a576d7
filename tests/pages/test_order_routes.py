"""The pages of orders: the list, and one order with its actions."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask import Flask

from ..support.browser import Person, soup
from ..support.orders import PAID, alert, row
from ..support.world import Service, World


@pytest.fixture
def ana(app: Flask, world: World, tenant: int) -> Person:
    """Ana, a manager here: she changes all orders. tests/accounts/test_own_orders.py has the other roles."""
    return Person(app, world.user(tenant, role="manager"))


def buttons(page: Any) -> set[str]:
    return {str(form["action"]).rsplit("/", 1)[-1] for form in page.select("#order form[method=post]")}


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        ({}, {"payment", "shipment", "cancellation", "owner"}),
        ({"paid_at": PAID}, {"shipment", "refunds", "owner", "payment-correction"}),
        (
            {"paid_at": PAID, "shipped_at": PAID},
            {"refunds", "owner", "payment-correction", "shipment-correction"},
        ),
        ({"cancelled_at": PAID}, {"owner"}),
    ],
)
def test_only_allowed_actions_have_buttons(
    ana: Person, world: World, tenant: int, columns: dict[str, Any], shown: set[str]
) -> None:
    world.order(tenant, number="7", **columns)
    assert buttons(ana.page("/orders/7")) == shown


def test_the_buttons_pay_ship_refund_and_reassign_an_order(ana: Person, world: World, tenant: int) -> None:
    ben = world.user(tenant, "Ben Okafor")
    world.order(tenant, number="7", total_minor=1000)

    def press(action: str, status: str, **changes: str) -> None:
        response = ana.send(ana.page("/orders/7"), f"/orders/7/{action}", **changes)
        assert (response.status_code, response.location) == (303, "/orders/7")
        assert row(world, "7")["status"] == status

    press("payment", "paid")
    press("shipment", "shipped")
    press("refunds", "shipped", amount="4.00")
    press("refunds", "refunded")  # the field has the rest
    press("owner", "refunded", owner=str(ben))
    page = ana.page("/orders/7")
    entries = [item.select("div")[0].get_text(" ", strip=True) for item in page.select("ol li")]
    assert entries == [
        "Assigned to Ben Okafor (was unassigned)",
        "Ana Silva refunded €6.00",
        "Ana Silva refunded €4.00",
        "Ana Silva marked it shipped",
        "Ana Silva marked it paid · €10.00",
        "Placed · €10.00",
    ]
    assert [("Ana Silva" in i.get_text(), "psql" in i.get_text()) for i in page.select("ol li")] == [
        (True, False)
    ] * 5 + [(False, True)]


def test_a_cancellation_asks_for_confirmation_without_a_script(ana: Person, world: World, tenant: int) -> None:
    world.order(tenant, number="7")
    page = ana.page("/orders/7")
    assert page.select_one('details:not([open]) form[action="/orders/7/cancellation"]')
    ana.send(page, "/orders/7/cancellation")
    assert row(world, "7")["status"] == "cancelled"


def test_an_edit_by_plain_sql_is_in_the_timeline(ana: Person, world: World, tenant: int) -> None:
    order = world.order(tenant, 1000, number="7", paid_at=PAID)
    world.change(order, total_minor=1500, customer="<b>Hanari</b>", paid_at=None)
    corrected, text = (entry.get_text(" ", strip=True) for entry in ana.page("/orders/7").select("ol li")[:2])
    assert "Customer changed from Toms Spezialitäten to <b>Hanari</b>" in text
    assert "total changed from €10.00 to €15.00" in text
    assert "time of payment changed from 2 Jan 2026, 11:00:00 to none" in text
    assert "Payment corrected: not paid on 2 Jan 2026, 11:00:00 · -€10.00" in corrected


@pytest.mark.parametrize(
    ("columns", "action", "form", "status", "reason"),
    [
        ({"shipped_at": PAID}, "cancellation", {}, 409, "Refund it instead"),
        ({"paid_at": PAID}, "cancellation", {}, 409, "10.00 EUR of it are not refunded"),
        ({"paid_at": PAID}, "refunds", {"amount": "10.01"}, 422, "0.01 EUR to 10.00 EUR"),
        ({"paid_at": PAID}, "refunds", {"amount": "1,0"}, 422, "Write it like 1234.50"),
        ({"paid_at": PAID}, "refunds", {}, 422, "is not an amount"),
        ({}, "owner", {"owner": "999999"}, 422, "in your team"),
    ],
)
def test_a_refused_action_shows_the_order_and_the_reason(
    ana: Person,
    world: World,
    tenant: int,
    columns: dict[str, Any],
    action: str,
    form: dict[str, str],
    status: int,
    reason: str,
) -> None:
    world.order(tenant, number="7", **columns)
    before = world.events()
    response = ana.post(f"/orders/7/{action}", form)
    assert response.status_code == status
    assert reason in alert(response)
    amount = soup(response).select_one("#amount")
    assert amount is None or amount["value"] == form.get("amount", "10.00")
    assert world.events() == before


@pytest.mark.parametrize(
    ("columns", "action", "notice_text"),
    [
        ({"paid_at": PAID}, "payment", "Order 7 is already paid. Nothing was changed."),
        ({"shipped_at": PAID}, "shipment", "Order 7 is already shipped. Nothing was changed."),
        ({"cancelled_at": PAID}, "cancellation", "Order 7 is already cancelled. Nothing was changed."),
    ],
)
def test_an_action_that_another_person_already_did_shows_a_notice_and_the_order(
    ana: Person, world: World, tenant: int, columns: dict[str, Any], action: str, notice_text: str
) -> None:
    world.order(tenant, number="7", **columns)
    before = world.events()
    response = ana.post(f"/orders/7/{action}")
    page = soup(response)
    assert (response.status_code, alert(response)) == (409, "")
    notice = page.select_one(".alert-info[role=status]")
    assert notice is not None
    assert notice.get_text(" ", strip=True) == f"{notice_text} The current order is shown below."
    assert action not in buttons(page)
    assert world.events() == before


@pytest.mark.parametrize(
    "number",
    [
        "INV/2026/7",
        "/7/",
        "7 a",
        "new",
        "..",
        ".7",
        "a~b",
        "~2F",
        "7%2F8",
        "ü?#&",
        "a\\b",
        "7/payment",
        "x" * 64,
        "<i>",
    ],
)
def test_any_imported_order_number_has_a_page_with_buttons(ana: Person, world: World, tenant: int, number: str) -> None:
    world.order(tenant, number=number)
    link = ana.page("/orders").select_one("tbody a")
    assert link is not None
    page = ana.page(str(link["href"]))
    heading = page.select_one("h1")
    assert heading is not None
    assert heading.get_text() == f"Order {number}"
    response = ana.send(page, f"{link['href']}/payment")
    assert response.location == link["href"]
    assert row(world, number)["status"] == "paid"


def test_times_are_in_the_tenants_zone_and_money_in_its_locale(app: Flask, world: World) -> None:
    tenant = world.tenant("tokyo", timezone="Asia/Tokyo", currency="JPY", locale="de_DE")
    world.order(tenant, 123456, number="7", currency="JPY", placed_at="2026-01-01 20:00+00")
    page = Person(app, world.user(tenant)).page("/orders/7")
    assert "02.01.2026, 05:00:00" in page.get_text(" ")
    assert "123.456\u00a0¥" in page.get_text(" ")


def test_no_request_holds_two_connections(app: Flask, ana: Person, world: World) -> None:
    """Twenty requests that each hold one connection and wait for a second one would wait for ever."""
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        held = [engine.connect() for _ in range(19)]
    try:
        placed = ana.send(ana.page("/orders/new"), "/orders", customer="Hanari Carnes", total="12.50")
        assert placed.status_code == 303
        number = placed.headers["Location"].rpartition("/")[2]
        for verb in ("payment", "shipment", "refunds"):
            assert ana.post(f"/orders/{number}/{verb}", {"amount": "1"}).status_code == 303, verb
    finally:
        for connection in held:
            connection.close()


def test_a_row_that_another_transaction_has_locked_is_answered_503(
    app: Flask, ana: Person, world: World, service: Service
) -> None:
    placed = ana.send(ana.page("/orders/new"), "/orders", customer="Hanari Carnes", total="12.50")
    number = placed.headers["Location"].rpartition("/")[2]
    with psycopg.connect(service.database_url) as locking:
        locking.execute("UPDATE orders SET total_minor = 1")
        assert ana.post(f"/orders/{number}/payment").status_code == 503
        assert ana.get("/").status_code == 200
        locking.rollback()
    assert ana.post(f"/orders/{number}/payment").status_code == 303


def test_the_timeline_names_the_user_or_the_program_that_acted(
    ana: Person, world: World, tenant: int, shop: psycopg.Connection
) -> None:
    """A program is named by its PostgreSQL role. Its own name and the user that it named are shown beside it."""
    world.order(tenant, number="7")
    shop.execute("SET application_name = 'doorbell web'")
    (user,) = world.conn.execute("SELECT id FROM users").fetchall()
    shop.execute("SELECT set_config('doorbell.actor', %s, false)", [str(user[0])])
    shop.execute("UPDATE orders SET paid_at = now() WHERE number = '7'")
    ana.send(ana.page("/orders/7"), "/orders/7/shipment")
    history = ana.page("/orders/7").select("ol")[0].get_text(" ", strip=True)
    assert "Ana Silva marked it shipped" in history
    assert "by the PostgreSQL role shop (doorbell web), which named Ana Silva" in history
    assert "via psql" in history
    assert "· form" in history
