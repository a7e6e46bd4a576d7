"""The CSV file of a day's figures: those of the board, for any day whose events are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from ..support.board import text
from ..support.browser import Person
from ..support.csv_pages import download
from ..support.figures import refund
from ..support.world import World

DAY = "2026-06-10"


@pytest.fixture
def person(app: Flask, acme: int, manager: int) -> Person:
    return Person(app, manager)


@pytest.fixture
def orders(world: World, acme: int, manager: int) -> None:
    """Two paid orders, one placed, one cancelled, and a refund of an order of the day before."""
    ben = world.user(acme, "=Ben")
    old = world.order(acme, 9000, owner_id=ben, placed_at="2026-06-09 10:00+02", paid_at="2026-06-09 10:00+02")
    world.order(acme, 1050, owner_id=manager, placed_at=f"{DAY} 08:00+02", paid_at=f"{DAY} 08:30+02")
    world.order(acme, 2000, owner_id=ben, placed_at=f"{DAY} 23:50+02", paid_at=f"{DAY} 23:59:59+02")
    world.order(acme, 500, placed_at=f"{DAY} 00:00+02")
    world.order(acme, 700, placed_at=f"{DAY} 09:00+02", cancelled_at=f"{DAY} 10:00+02")
    refund(world, old, 3000, f"{DAY} 23:10+02")


def figures(person: Person, query: str = f"?day={DAY}") -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {"day": [], "hour": [], "salesperson": []}
    for row in download(person, f"/figures.csv{query}"):
        found[row["Figures of"]].append({name: value for name, value in row.items() if value})
    return found


@pytest.mark.usefixtures("orders")
def test_a_day_has_its_figures_by_hour_and_by_salesperson(person: Person) -> None:
    found = figures(person)
    common = {"Day": DAY, "Time zone": "Europe/Berlin", "Currency": "EUR"}
    assert found["day"] == [
        common
        | {
            "Figures of": "day",
            "Revenue": "0.50",
            "Paid": "30.50",
            "Refunded": "30.00",
            "Orders": "3",
            "Paid orders": "2",
            "Average order": "15.25",
        }
    ]
    hours = {row["Hour"]: row["Revenue"] for row in found["hour"]}
    assert len(hours) == 24
    assert {hour: amount for hour, amount in hours.items() if amount != "0.00"} == {"08:00": "10.50", "23:00": "-10.00"}
    people = [(row["Salesperson"], row["Revenue"], row["Orders"]) for row in found["salesperson"]]
    assert people == [("Ana Silva", "10.50", "1"), ("Unassigned", "0.00", "1"), ("'=Ben", "-10.00", "1")]


def test_the_figures_of_today_are_those_of_the_board(person: Person, world: World, acme: int, manager: int) -> None:
    world.order(acme, 123450, owner_id=manager, paid_at=world.now())
    (day,) = figures(person, "")["day"]
    assert (day["Revenue"], day["Orders"], day["Average order"]) == ("1234.50", "1", "1234.50")
    for panel in ("revenue", "average_order", "salespeople"):
        assert "€1,234.50" in text(person.get(f"/panels/{panel}").text), panel


@pytest.mark.usefixtures("orders")
def test_a_day_with_a_clock_change_and_a_day_without_orders_have_24_hours(person: Person) -> None:
    for day in ("2026-03-29", "2026-10-25", "2031-01-01"):
        found = figures(person, f"?day={day}")
        assert len(found["hour"]) == 24
        assert found["day"][0]["Revenue"] == "0.00"


@pytest.mark.usefixtures("orders")
def test_another_tenant_has_figures_of_its_own(app: Flask, world: World) -> None:
    other = world.tenant("other", currency="JPY")
    found = figures(Person(app, world.user(other)))
    assert (found["day"][0]["Revenue"], found["day"][0]["Orders"], found["salesperson"]) == ("0", "0", [])


@pytest.mark.parametrize("day", ["2026-13-01", "20261126", "26.11.2026", "1899-12-31", "9999-12-31", "x", "2026-W01-1"])
def test_a_day_that_is_not_a_date_is_refused_with_an_example(person: Person, day: str) -> None:
    response = person.get(f"/figures.csv?day={day}")
    assert response.status_code == 400
    assert "Write it like 20" in response.text


def test_an_old_day_of_a_young_tenant_has_all_its_refunds(person: Person, world: World, acme: int) -> None:
    day = (world.now() - timedelta(days=500)).date()
    paid_at = f"{day} 12:00"
    world.order(acme, 1000, placed_at=paid_at, paid_at=paid_at, refunded_minor=400)  # as an import of history
    assert figures(person, f"?day={day}")["day"][0]["Revenue"] == "6.00"


@pytest.mark.usefixtures("orders")
def test_a_day_whose_refunds_may_be_dropped_is_refused(person: Person, world: World) -> None:
    world.conn.execute("UPDATE tenants SET created_at = now() - interval '600 days'")
    day = (world.now() - timedelta(days=500)).date()
    response = person.get(f"/figures.csv?day={day}")
    assert response.status_code == 404
    assert f"refunds of {day} are no longer kept" in response.text
    assert person.get("/figures.csv").status_code == 200
