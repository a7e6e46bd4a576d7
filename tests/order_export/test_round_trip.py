"""A downloaded file, imported without --map, places the same orders."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from webapp import create_app
from webapp.launcher.embedded import Embedded

from ..conftest import config_for, new_service
from ..support.browser import Person
from ..support.world import Service, World

ORDERS = """
SELECT o.number, o.customer, u.email, u.name, o.total_minor, o.refunded_minor, o.currency, o.status,
       o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at
FROM orders o LEFT JOIN users u ON u.id = o.owner_id ORDER BY o.number
"""
LINES = """
SELECT o.number, position, sku, product, quantity, unit_price_minor, l.total_minor
FROM order_lines l JOIN orders o ON o.id = l.order_id ORDER BY 1, 2
"""


@pytest.fixture
def other(embedded: Embedded, template: str) -> Iterator[Service]:
    """Another Doorbell, because an e-mail address belongs to one tenant of an installation."""
    with new_service(embedded, template) as other:
        yield other


@contextlib.contextmanager
def app_of(service: Service) -> Iterator[Flask]:
    app = create_app(config_for(service))
    yield app
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def orders(world: World, acme: int, manager: int) -> None:
    """Orders in each state, with texts, amounts and times that a careless file would change."""
    ben = world.user(acme, "Ben O'Kafor")
    day = "2026-11-2{} 23:59:59.123456+00"
    world.order(acme, 10**15, number="00123", customer="=1+1", owner_id=manager, placed_at="2026-10-25 00:30+00")
    world.order(acme, 1, number="'=x", customer="Łódź 日本語 😀", owner_id=ben, placed_at="2026-10-25 01:30+00")
    paid = world.order(acme, 1999, number="-5", customer='a, "b"; c\\d', paid_at=day.format(1), refunded_minor=999)
    world.order(
        acme, 1000, number="F", customer="=", paid_at=day.format(2), refunded_minor=1000, placed_at="1900-01-02"
    )
    world.order(acme, 0, number="S;1", customer="two\nlines", shipped_at=day.format(3), owner_id=manager)
    world.order(acme, 5, number="C", customer="'quoted'", cancelled_at=day.format(4), paid_at=day.format(3))
    world.conn.execute(
        "INSERT INTO order_lines VALUES (%(t)s, %(o)s, 1, '0012', '@Coffee', 2, 999, 1998),"
        " (%(t)s, %(o)s, 2, '', 'Tea', 0.125, 333, 12), (%(t)s, %(o)s, 3, '=1', 'Free', 1, 100, 0)",
        {"t": acme, "o": paid},
    )


def rows(conn: psycopg.Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(statement).fetchall()


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize("query", ["", "?lines=1"])
def test_an_exported_list_is_imported_as_the_same_orders(
    app: Flask, world: World, manager: int, other: Service, tmp_path: Path, query: str
) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(Person(app, manager).get(f"/orders.csv{query}").data)
    with psycopg.connect(other.database_url, autocommit=True) as conn, app_of(other) as importing:
        World(conn).tenant("elsewhere", timezone="America/New_York", locale="en_US")
        arguments = ["orders", "import", str(file), "--tenant", "elsewhere", "--owners", "create"]
        result = importing.test_cli_runner().invoke(args=arguments)
        assert result.exit_code == 0, result.output
        assert rows(conn, ORDERS) == rows(world.conn, ORDERS)
        assert rows(conn, LINES) == (rows(world.conn, LINES) if query else [])
        # Again: nothing is new, and nothing differs.
        again = importing.test_cli_runner().invoke(args=arguments)
        assert "different  0 orders" in again.output, again.output
        assert "unchanged  6 orders" in again.output


@pytest.mark.usefixtures("orders")
def test_a_file_of_another_program_keeps_its_apostrophes(app: Flask, world: World, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("Order number,Customer,Placed at,Total\nX1,'=1+1,2026-11-20,5.00\n")
    result = app.test_cli_runner().invoke(args=["orders", "import", str(file), "--tenant", "acme"])
    assert result.exit_code == 0, result.output
    found = world.conn.execute("SELECT customer FROM orders WHERE number = 'X1'").fetchone()
    assert found == ("'=1+1",)
