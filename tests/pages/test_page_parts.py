"""The live parts of the pages beside the board, over HTTP: equal to the page, unchanged, shared, and invalid requests."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp import redis_client
from webapp.signals import publisher

from ..support.browser import Person, fields, soup
from ..support.orders import row
from ..support.viewers import statements
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("long_minutes")


def parts(order: int) -> dict[str, tuple[str, str]]:
    """For each page, the address and the element of its live part."""
    return {
        "/orders/7": (f"/panels/orders/{order}", "#order"),
        "/orders?q=7&status=placed": ("/panels/orders?q=7&status=placed", "#orders_list"),
        "/inbox": ("/panels/inbox/page", "#inbox-page"),
    }


def test_each_page_has_the_part_of_its_address_and_an_unchanged_part_is_304(
    ana: Person, world: World, tenant: int
) -> None:
    order = world.order(tenant, number="7")
    for page, (address, element) in parts(order).items():
        painted = ana.page(page).select_one(element)
        assert painted is not None
        assert painted["hx-get"] == address
        first = ana.get(address)
        for token in painted.select("input[name=csrf_token]"):
            token["value"] = "…"
        answered = soup(first)
        for token in answered.select("input[name=csrf_token]"):
            assert token["value"], "forms of a refetched part have a token"
            token["value"] = "…"
        assert painted.decode_contents() == answered.decode()
        again = ana.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), address
        assert again.headers["Doorbell-As-Of"]


def test_a_form_of_a_refetched_order_works(mia: Person, world: World, tenant: int) -> None:
    order = world.order(tenant, number="7")
    form = soup(mia.get(f"/panels/orders/{order}")).select_one('form[action="/orders/7/payment"]')
    assert form is not None
    assert mia.client.post("/orders/7/payment", data=fields(form)).status_code == 303
    assert row(world, "7")["status"] == "paid"


def test_a_text_that_equals_the_placeholder_of_the_token_is_escaped(ana: Person, world: World, tenant: int) -> None:
    order = world.order(tenant, number="7", customer="<csrf>")
    assert "&lt;csrf&gt;" in ana.get(f"/panels/orders/{order}").text


def test_users_with_the_same_list_share_one_search(app: Flask, world: World, tenant: int, service: Service) -> None:
    world.order(tenant, number="7")
    with redis_client.connect(service.redis_url) as client:
        publisher.publish(client, tenant, {"orders": None})
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(5)]
    with statements(app) as of_one:
        assert "No orders match" in people[0].get("/panels/orders?q=8").text
    with statements(app) as of_all:
        assert len({person.get("/panels/orders?q=7").text for person in people}) == 1
    assert of_all.about("FROM order_search(") == of_one.about("FROM order_search(") > 0
    stranger = Person(app, world.user(world.tenant("other"), "Eve Moreau"))
    assert "No orders match" in stranger.get("/panels/orders?q=7").text


def test_rows_are_in_the_requested_order_and_new_orders_are_counted(ana: Person, world: World, tenant: int) -> None:
    shown = [world.order(tenant, number=f"A{n}", placed_at=f"2026-01-0{n} 10:00+00") for n in (1, 2, 3)]
    since = int(world.now().timestamp() * 1000) - 1000
    world.conn.execute("DELETE FROM orders WHERE number = 'A2'")
    world.order(tenant, number="NEW", customer="Hanari")
    world.order(tenant, number="FUTURE", placed_at="2062-11-26")
    answer = ana.get(f"/panels/orders/rows?ids={','.join(map(str, shown))}&since={since}")
    assert [a.get_text() for a in soup(answer).select("th a")] == ["A1", "A3"]
    assert answer.headers["Doorbell-New"] == "1"
    again = ana.get(
        f"/panels/orders/rows?ids={shown[0]}&since={since}&q=toms", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.headers["Doorbell-New"] == "0", "only matching orders count"


@pytest.mark.parametrize(
    "query",
    [
        *("", "ids=&since=0", "ids=x&since=0", "ids=1&since=", "ids=1&since=-1", "ids=1&since=x", "ids=1,,2&since=0"),
        "ids=" + ",".join("1" * 51) + "&since=0",
        "ids=99999999999999999999&since=0",
        "ids=1&since=99999999999999",
    ],
)
def test_an_invalid_request_for_rows_is_refused_with_advice(ana: Person, query: str) -> None:
    answer = ana.get(f"/panels/orders/rows?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert "Reload the page." in answer.text


def test_a_deleted_order_and_another_tenants_order_show_the_same_notice(ana: Person, world: World) -> None:
    theirs = world.order(world.tenant("other"), number="SECRET")
    for order in (theirs, 999_999):
        answer = ana.get(f"/panels/orders/{order}")
        assert answer.status_code == 200
        assert "This order no longer exists" in answer.text
        assert "SECRET" not in answer.text


def test_a_restored_page_can_check_which_user_is_signed_in(app: Flask, ana: Person) -> None:
    answer = ana.get("/panels/user")
    assert answer.text == str(ana.page("/orders").select("#page-clock")[0]["data-user"])
    assert "no-store" in answer.headers["Cache-Control"]
    assert Person(app).get("/panels/user").status_code == 401
