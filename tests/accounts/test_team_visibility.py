"""A company that hides the team: a salesperson sees the own figures and orders only, on every way to them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from webapp.accounts import changes
from webapp.accounts.changes import TenantChange
from webapp.panels.registry import PANELS
from webapp.rollups import refresh
from webapp.services import services

from ..support.browser import Person
from ..support.world import Service, World

# Of Ben's and of unassigned orders; 222.22 and 333.33 are their amounts.
HIDDEN = ("Secret", "Ben", "222.22", "333.33", "B-1", "U-1")
ACTIONS = (
    "payment",
    "shipment",
    "refunds",
    "cancellation",
    "owner",
    "payment-correction",
    "shipment-correction",
    "comments",
)


@dataclass(frozen=True)
class Team:
    """Two salespeople, a manager, and the ids of an order of each and of an unassigned one."""

    tenant: int
    ana: Person
    ben: Person
    mia: Person
    ana_id: int
    ben_id: int
    orders: dict[str, int]


@pytest.fixture
def team(app: Flask, world: World, service: Service) -> Team:
    tenant = world.tenant("acme")
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    mia = world.user(tenant, "Mia Manager", role="manager")
    orders = {}
    for number, owner, customer, total in (
        ("A-1", ana, "Own customer", 11111),
        ("A-2", ana, "Shared customer", 100),
        ("B-1", ben, "Secret of Ben", 22222),
        ("B-2", ben, "Shared customer", 33333),
        ("U-1", None, "Secret without owner", 33333),
    ):
        columns = {"number": number, "customer": customer, "owner_id": owner, "paid_at": world.now()}
        orders[number] = world.order(tenant, total, **columns)
        world.order(
            tenant, total, **columns | {"number": f"old-{number}", "placed_at": "2026-01-05", "paid_at": "2026-01-05"}
        )
    world.conn.execute(
        "INSERT INTO order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor)"
        " SELECT tenant_id, id, 1, '', CASE WHEN customer LIKE 'Secret%' THEN 'Secret product' ELSE 'Product' END, 1,"
        " total_minor, total_minor FROM orders"
    )
    refresh.rebuild(service.database_url)
    world.conn.execute(
        "INSERT INTO rollups_daily SELECT %s, current_date - 2, u, 1, 1, n FROM"
        " (VALUES (%s, 11111), (%s, 22222), (0, 33333)) AS v (u, n)",
        [tenant, ana, ben],
    )
    return Team(tenant, Person(app, ana), Person(app, ben), Person(app, mia), ana, ben, orders)


def hide(app: Flask) -> None:
    with app.app_context():
        changed = changes.change_tenant("acme", TenantChange(team_visible=False))
        services().users.forget_tenant(changed.id)


def pages(team: Team) -> list[str]:
    ids = ",".join(str(order) for order in team.orders.values())
    return [
        "/",
        "/orders",
        "/orders?q=secret",
        "/orders?q=B-1",
        "/orders?range=today&by=paid",
        "/orders?range=today&by=revenue",
        f"/orders?owner={team.ben_id}",
        "/orders?owner=none",
        "/orders.csv",
        "/orders.csv?lines=1&q=secret",
        "/figures.csv",
        "/history?range=all&group=owner",
        "/history.csv?range=all&group=owner&measure=orders",
        "/panels/history/page?range=all&measure=refunds",
        "/panels?names=" + ",".join(PANELS),
        "/panels/orders?q=customer",
        f"/panels/orders/rows?ids={ids}&since=0",
        f"/panels/customer_orders/{team.orders['A-2']}",
        *(f"/panels/{name}" for name in PANELS),
    ]


def missing(team: Team) -> list[str]:
    found = [f"/orders/{number}" for number in ("B-1", "U-1")]
    for order in (team.orders["B-1"], team.orders["U-1"]):
        found += [f"/panels/recent_orders/{order}"]
    return found


def test_a_salesperson_of_a_hidden_team_sees_no_figure_and_no_order_of_others(app: Flask, team: Team) -> None:
    hide(app)
    for path in pages(team):
        response = team.ana.get(path)
        assert response.status_code == 200, path
        text = response.text
        assert [word for word in HIDDEN if word in text and f"q={word}" not in path] == [], path
    assert "A-1" in team.ana.get("/orders").text
    assert "111.11" in team.ana.get("/panels/leaderboard").text
    assert "112.11" in team.ana.get("/panels/revenue").text


def test_with_a_visible_team_the_same_ways_lead_to_all(team: Team) -> None:
    shown = {path: team.ana.get(path).text for path in pages(team)}
    unlimited = (
        "/",
        "/orders",
        "/orders?q=secret",
        "/orders.csv",
        "/figures.csv",
        "/history?range=all&group=owner",
        "/panels/recent_orders",
        "/panels/salespeople",
    )
    for path in unlimited:
        assert any(word in shown[path] for word in HIDDEN), path
    for path in missing(team):
        assert team.ana.get(path).status_code == 200, path


def test_managers_see_all_of_a_hidden_team(app: Flask, team: Team) -> None:
    hide(app)
    assert "Secret of Ben" in team.mia.get("/orders").text
    assert "Ben Okafor" in team.mia.get("/panels/salespeople").text
    for path in missing(team):
        assert team.mia.get(path).status_code == 200, path


def test_orders_of_others_are_not_found(app: Flask, world: World, team: Team) -> None:
    hide(app)
    before = world.conn.execute("SELECT * FROM orders ORDER BY id").fetchall()
    for path in missing(team):
        assert team.ana.get(path).status_code == 404, path
    for order in (team.orders["B-1"], team.orders["U-1"]):
        for part in ("orders", "comments"):
            assert "Secret" not in team.ana.get(f"/panels/{part}/{order}").text
        assert "Shared" not in team.ana.get(f"/panels/customer_orders/{team.orders['B-2']}").text
    for action in ACTIONS:
        assert team.ana.post(f"/orders/B-1/{action}").status_code == 404, action
    assert team.ana.post("/orders/B-1/comments/1/deletion").status_code == 404
    assert world.conn.execute("SELECT * FROM orders ORDER BY id").fetchall() == before
    assert team.ana.get("/orders/A-1").status_code == 200


def test_the_history_of_a_hidden_team_has_the_own_figures_and_no_products(app: Flask, team: Team) -> None:
    hide(app)
    own = {"/history?range=today": "112.11", "/history.csv?range=today": "112.11", "/history?range=year": "335.33"}
    for path, revenue in own.items():
        assert revenue in team.ana.get(path).text, path
    for path in ("/history?group=product", "/history.csv?group=product", "/panels/history/page?group=product"):
        response = team.ana.get(path)
        assert (response.status_code, "Secret" in response.text) == (400, False), path
        assert "Products are counted for the whole team." in response.text, path
    assert "Secret product" in team.mia.get("/history?range=today&group=product").text


def test_renders_of_a_hidden_team_are_not_shared(app: Flask, team: Team) -> None:
    hide(app)
    for person, own, other in ((team.ana, "A-1", "B-1"), (team.ben, "B-1", "A-1"), (team.ana, "A-1", "B-1")):
        shown = person.get("/panels/recent_orders").text
        assert (own in shown, other in shown) == (True, False)


def test_ranks_are_hidden_with_the_team(app: Flask, team: Team) -> None:
    assert "2" in team.ana.page("/panels/mine").get_text()
    before = team.ana.page("/panels/mine").select("[id*=rank], .mine-rank")
    hide(app)
    after = team.ana.page("/panels/mine").select("[id*=rank], .mine-rank")
    assert (bool(before), bool(after)) == (True, False)


def test_only_colleagues_who_see_the_order_can_be_mentioned(app: Flask, world: World, team: Team) -> None:
    hide(app)
    world.conn.execute("DELETE FROM notifications")
    team.ana.post("/orders/A-1/comments", {"comment": "@Ben Okafor and @Mia Manager: look at this."})
    notified = world.conn.execute("SELECT u.name FROM notifications n JOIN users u ON u.id = n.user_id").fetchall()
    assert notified == [("Mia Manager",)]
