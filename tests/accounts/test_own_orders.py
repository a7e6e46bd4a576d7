"""Orders and roles: own orders, those of colleagues, and unassigned ones."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from flask import Flask

from webapp import orders
from webapp.models import ROLES
from webapp.orders.errors import OrderForbidden

from ..support.browser import Person, soup
from ..support.editors import salesperson, viewer
from ..support.orders import alert, row
from ..support.wait import eventually
from ..support.world import Service, World

VERBS: dict[str, dict[str, str]] = {
    "payment": {},
    "shipment": {},
    "refunds": {"amount": "1"},
    "cancellation": {},
    "payment-correction": {"payment_reason": "Mistake"},
    "shipment-correction": {"shipment_reason": "Mistake"},
    "comments": {"comment": "Hello"},
}


@dataclass(frozen=True)
class Team:
    """Orders A of Ana, B of Ben, and U unassigned; a person per role, the salesperson is Ana."""

    tenant: int
    ana: int
    ben: int
    people: dict[str, Person]


@pytest.fixture
def team(app: Flask, world: World) -> Team:
    tenant = world.tenant()
    ids = {role: world.user(tenant, f"{role.title()} Person", role=role) for role in ROLES if role != "sales"}
    ids["sales"] = world.user(tenant, "Ana Silva")
    ben = world.user(tenant, "Ben Okafor")
    for number, owner in (("A", ids["sales"]), ("B", ben), ("U", None)):
        world.order(tenant, number=number, owner_id=owner)
    return Team(tenant, ids["sales"], ben, {role: Person(app, user) for role, user in ids.items()})


def forms(person: Person, number: str) -> set[str]:
    """The resources below the order to which its page has a form."""
    begin = f"/orders/{number}/"
    actions = (str(form["action"]) for form in person.page(f"/orders/{number}").select("main form[method=post]"))
    return {action.removeprefix(begin) for action in actions if action.startswith(begin)}


@pytest.mark.parametrize(
    ("role", "number", "shown"),
    [
        ("viewer", "A", set()),
        ("viewer", "U", set()),
        ("sales", "A", {"payment", "shipment", "cancellation", "comments"}),
        ("sales", "B", set()),
        ("sales", "U", {"owner"}),
        ("manager", "B", {"payment", "shipment", "cancellation", "comments", "owner"}),
        ("admin", "U", {"payment", "shipment", "cancellation", "comments", "owner"}),
    ],
)
def test_an_order_has_the_forms_that_the_role_may_send(team: Team, role: str, number: str, shown: set[str]) -> None:
    assert forms(team.people[role], number) == shown


@pytest.mark.parametrize(("role", "advice"), [("viewer", "Viewers can only read."), ("sales", "your own orders")])
def test_the_order_of_a_colleague_is_refused_and_stays_as_it_is(
    team: Team, world: World, role: str, advice: str
) -> None:
    before = world.events()
    for verb, form in VERBS.items():
        refused = team.people[role].post(f"/orders/B/{verb}", form)
        assert (refused.status_code, advice in refused.text) == (403, True), verb
    assert world.events() == before


def test_a_salesperson_does_all_with_an_own_order(team: Team) -> None:
    for verb in ("comments", "payment", "shipment", "payment-correction", "shipment-correction", "cancellation"):
        done = team.people["sales"].post(f"/orders/A/{verb}", VERBS[verb])
        assert done.status_code == 303, (verb, alert(done))


def test_an_unassigned_order_is_taken_once_and_then_an_own_one(team: Team, world: World) -> None:
    ana = team.people["sales"]
    refused = ana.post("/orders/U/payment")
    assert (refused.status_code, "Take it first" in alert(refused)) == (403, True)
    page = ana.page("/orders/U")
    for _ in range(2):  # a double click
        assert ana.send(page, "/orders/U/owner").status_code == 303
    assert row(world, "U")["owner_id"] == team.ana
    assert world.events()[-1]["actor_id"] == team.ana
    assert ana.post("/orders/U/payment").status_code == 303


@pytest.mark.parametrize(("number", "owner"), [("A", "ben"), ("A", None), ("B", "ana"), ("U", "ben")])
def test_only_managers_reassign_orders(team: Team, world: World, number: str, owner: str | None) -> None:
    new = str(getattr(team, owner)) if owner else ""
    before = world.events()
    refused = team.people["sales"].post(f"/orders/{number}/owner", {"owner": new})
    assert (refused.status_code, "Only managers and admins can reassign orders." in alert(refused)) == (403, True)
    assert world.events() == before
    assert team.people["manager"].post(f"/orders/{number}/owner", {"owner": new}).status_code == 303


def test_a_salesperson_places_orders_only_for_themselves(team: Team, world: World) -> None:
    ana = team.people["sales"]
    page = ana.page("/orders/new")
    assert page.select("[name=owner]") == []
    refused = ana.send(page, "/orders", customer="Hanari", total="5", owner=str(team.ben))
    assert (refused.status_code, "only for yourself" in alert(refused)) == (403, True)
    placed = ana.send(soup(refused), "/orders")
    assert placed.status_code == 303
    assert row(world, placed.location.rpartition("/")[2])["owner_id"] == team.ana
    assert team.people["manager"].page("/orders/new").select("select[name=owner]")


def test_a_viewer_is_no_choice_as_salesperson_and_finds_no_way_to_place_an_order(team: Team) -> None:
    choices = {o.get_text() for o in team.people["manager"].page("/orders/new").select("select[name=owner] option")}
    assert {"Ana Silva", "Ben Okafor", "Manager Person"} < choices
    assert "Viewer Person" not in choices
    for path in ("/", "/orders", "/connect"):
        assert team.people["viewer"].page(path).select('a[href="/orders/new"]') == [], path
        assert team.people["sales"].page(path).select('a[href="/orders/new"]'), path


@pytest.mark.usefixtures("app_context")
def test_each_verb_refuses_by_itself_whatever_its_caller_checked(team: Team, world: World) -> None:
    before = world.events()
    acts: list[Any] = [orders.pay, orders.ship, orders.cancel]
    acts += [lambda tenant, number, by: orders.refund(tenant, number, 1, by=by)]
    acts += [lambda tenant, number, by: orders.correct_payment(tenant, number, "Mistake", by=by)]
    acts += [lambda tenant, number, by: orders.correct_shipment(tenant, number, "Mistake", by=by)]
    acts += [lambda tenant, number, by: orders.reassign(tenant, number, None, by=by)]
    for act in acts:
        for by in (salesperson(team.ana), viewer(team.ana), viewer(team.ben)):
            with pytest.raises(OrderForbidden):
                act(team.tenant, "B", by=by)
    assert world.events() == before


def test_an_order_that_is_reassigned_while_its_former_owner_pays_it_is_not_paid(
    app: Flask, team: Team, world: World, service: Service
) -> None:
    """The payment waits for the other transaction, and reads the owner under the row's lock."""
    refused: list[OrderForbidden] = []

    def pay() -> None:
        with app.app_context():
            try:
                orders.pay(team.tenant, "A", by=salesperson(team.ana))
            except OrderForbidden as error:
                refused.append(error)

    with psycopg.connect(service.database_url) as other:
        other.execute("UPDATE orders SET owner_id = %s WHERE number = 'A'", [team.ben])
        paying = threading.Thread(target=pay)
        paying.start()
        eventually(lambda: world.conn.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone())
    paying.join(15)
    assert "only your own orders" in str(refused[0])
    assert row(world, "A")["status"] == "placed"
