"""Orders of users that left the company: they stay theirs, and new ones go to others."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from ..support.browser import Person
from ..support.imports import Importer
from ..support.world import World


@pytest.fixture
def importer(app: Flask, world: World, tmp_path: Path) -> Importer:
    return Importer(app, world, tmp_path)


@pytest.fixture
def mia(app: Flask, world: World, leaver: int) -> Person:
    """The manager of the same tenant, who chooses the owners of orders."""
    row = world.conn.execute("SELECT id FROM users WHERE role = 'manager'").fetchone()
    assert row is not None
    return Person(app, row[0])


@pytest.fixture
def leaver(world: World, user: int) -> int:
    """Ben, disabled, of Ana's tenant, with an order B1."""
    row = world.conn.execute("SELECT tenant_id FROM users WHERE id = %s", [user]).fetchone()
    assert row is not None
    tenant = int(row[0])
    leaver = world.user(tenant, "Ben Okafor", email="ben@example.com", disabled_at="2026-11-01")
    world.order(tenant, number="B1", owner_id=leaver, customer="Of Ben")
    return leaver


def test_orders_of_a_disabled_user_stay_theirs_on_the_board_and_in_lists(
    ana: Person, leaver: int, world: World
) -> None:
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = 'B1'")
    assert "Ben Okafor" in ana.get("/panels/salespeople").text
    assert "Ben Okafor" in ana.get("/panels/recent_orders").text
    assert "Ben Okafor" in ana.get("/orders").text


def test_a_disabled_user_is_not_an_option_as_salesperson(mia: Person, leaver: int, user: int) -> None:
    def options(path: str) -> dict[str, str]:
        return {str(o["value"]): o.get_text() for o in mia.page(path).select("select[name=owner] option")}

    assert str(leaver) not in options("/orders/new")
    assert str(leaver) not in options("/orders/A1")
    assert options("/orders/B1")[str(leaver)] == "Ben Okafor (disabled)", "the current owner is shown and marked"
    assert str(user) in options("/orders/new")


def test_orders_cannot_be_assigned_to_a_disabled_user(mia: Person, leaver: int, world: World) -> None:
    refused = mia.post("/orders/A1/owner", {"owner": str(leaver)})
    assert (refused.status_code, "The account of Ben Okafor is disabled" in refused.text) == (422, True)
    page = mia.page("/orders/new")
    placed = mia.send(page, "/orders", customer="C", total="1.00", owner=str(leaver))
    assert (placed.status_code, "The account of Ben Okafor is disabled" in placed.text) == (422, True)
    assert mia.post("/orders/B1/owner", {"owner": str(leaver)}).status_code == 303, "he owns it already"
    row = world.conn.execute("SELECT count(*) FROM orders WHERE owner_id = %s", [leaver]).fetchone()
    assert row == (1,)


HEADER = "number,customer,placed_at,total,salesperson_email"


ROWS = ("B1,Of Ben,2026-01-02,10.00,ben@example.com", "B2,Of Ben,2026-01-02,1.00,ben@example.com")


@pytest.mark.parametrize("policy", ["refuse", "create"])
def test_an_import_gives_a_disabled_user_no_new_orders(importer: Importer, world: World, policy: str) -> None:
    tenant = importer.tenant()
    ben = world.user(tenant, "Ben Okafor", email="ben@example.com")
    importer.load(ROWS[0], header=HEADER)
    world.conn.execute("UPDATE users SET disabled_at = now()")
    result = importer.load(*ROWS, header=HEADER, options=("--owners", policy))
    assert result.exit_code == 1
    assert "unchanged  1 orders" in result.output, "a daily import continues to work"
    (reason,) = importer.reasons().values()
    assert reason.startswith(
        "owner 'ben@example.com' is disabled and gets no new orders; name another owner, run flask user"
    )
    assert importer.orders("number", "owner_id") == [("B1", ben)]


def test_an_import_that_ignores_owners_leaves_new_orders_of_a_disabled_user_unassigned(
    importer: Importer,
    world: World,
) -> None:
    ben = world.user(importer.tenant(), "Ben Okafor", email="ben@example.com")
    importer.load(ROWS[0], header=HEADER)
    world.conn.execute("UPDATE users SET disabled_at = now()")
    for outcome in ("placed     1 orders", "unchanged  2 orders"):
        result = importer.load(*ROWS, header=HEADER, options=("--owners", "ignore"))
        assert (result.exit_code, outcome in result.output) == (0, True), result.output
    assert importer.orders("number", "owner_id") == [("B1", ben), ("B2", None)]
