"""Imports with --update beside each other, and beside writers of the same orders: no deadlock and no lost change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from webapp import orders
from webapp.order_import.pipeline import Import, ImportOptions, Result
from webapp.orders.errors import OrderRefused

from ..support.imports import HEADER
from ..support.wait import eventually
from ..support.world import Service, World

ORDERS = 400
IMPORT = "the import"  # of its events
TIMES = f"{HEADER},paid_at,shipped_at"


def together(*acts: Callable[[], Any]) -> list[Any]:
    """The results of the acts, run at one moment in a thread each. Raises their first error."""
    gate = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)
    faults: list[BaseException] = []

    def run(position: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[position] = act()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return results


@pytest.fixture
def update(service: Service, tmp_path: Path) -> Callable[[str, list[str]], Result]:
    """Imports rows into `acme` with --update."""

    def run(name: str, rows: list[str]) -> Result:
        path = tmp_path / name
        path.write_text("\n".join([TIMES, *rows, ""]))
        with psycopg.connect(service.database_url, autocommit=True, application_name=IMPORT) as conn:
            return Import(conn, ImportOptions(path, "acme", update=True)).run()

    return run


@pytest.fixture
def tenant(world: World, update: Callable[[str, list[str]], Result]) -> int:
    tenant = world.tenant("acme")
    assert update("placed.csv", [row(n) for n in range(ORDERS)]).outcome.placed == ORDERS
    return tenant


def row(number: int, paid: str = "", shipped: str = "") -> str:
    return f"X{number},Toms,2026-01-02,12.50,{paid},{shipped}"


def states(world: World) -> set[tuple[bool, bool]]:
    return set(world.conn.execute("SELECT paid_at IS NOT NULL, shipped_at IS NOT NULL FROM orders").fetchall())


def types(world: World) -> list[str]:
    return sorted(event["type"] for event in world.events() if event["type"] != "placed")


@pytest.mark.usefixtures("tenant")
def test_two_updates_at_once_add_what_each_file_has(world: World, update: Callable[[str, list[str]], Result]) -> None:
    paid = [row(n, paid="2026-01-03") for n in range(ORDERS)]
    shipped = [row(n, shipped="2026-01-04") for n in reversed(range(ORDERS))]
    results = together(lambda: update("paid.csv", paid), lambda: update("shipped.csv", shipped))
    assert [result.outcome.updates.changed for result in results] == [ORDERS, ORDERS]
    assert states(world) == {(True, True)}
    assert types(world) == ["paid"] * ORDERS + ["shipped"] * ORDERS


@pytest.mark.usefixtures("app_context")
def test_an_update_beside_people_who_pay_and_ship_loses_no_change(
    app: Flask, world: World, tenant: int, update: Callable[[str, list[str]], Result]
) -> None:
    """The file pays every order and ships half of them; people pay and ship all of them meanwhile, in the other order."""

    def act(verb: Callable[[int, str], Any]) -> int:
        done = 0
        with app.app_context():
            for n in reversed(range(ORDERS)):
                try:
                    verb(tenant, f"X{n}")
                    done += 1
                except OrderRefused:  # the import was first
                    pass
        return done

    rows = [row(n, paid="2026-01-03", shipped="2026-01-04" if n % 2 else "") for n in range(ORDERS)]
    _, paid, shipped = together(lambda: update("all.csv", rows), lambda: act(orders.pay), lambda: act(orders.ship))
    assert states(world) == {(True, True)}
    # Each order is paid and shipped once, by the first of them; the file's earlier time then counts as an edit.
    found = types(world)
    assert (found.count("paid"), found.count("shipped")) == (ORDERS, ORDERS)
    by_people = [event["type"] for event in world.events() if event["via"] != IMPORT]
    assert (by_people.count("paid"), by_people.count("shipped")) == (paid, shipped)
    (times,) = world.conn.execute("SELECT count(*) FROM orders WHERE paid_at = '2026-01-02 23:00+00'").fetchall()
    assert times == (ORDERS,)


def test_an_update_waits_for_a_writer_and_then_sees_its_change(
    world: World, tenant: int, service: Service, update: Callable[[str, list[str]], Result]
) -> None:
    with psycopg.connect(service.database_url) as writer:
        writer.execute("UPDATE orders SET refunded_minor = 500, paid_at = '2026-01-03' WHERE number = 'X7'")
        thread = threading.Thread(target=lambda: update("one.csv", [row(7, shipped="2026-01-04")]))
        thread.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        assert eventually(lambda: world.conn.execute(waits).fetchone() == (1,))
        writer.commit()
        thread.join()
    query = "SELECT status, refunded_minor FROM orders WHERE tenant_id = %s AND number = 'X7'"
    assert world.conn.execute(query, [tenant]).fetchall() == [("shipped", 500)]


def test_an_update_that_meets_a_deadlock_tries_again(
    world: World, tenant: int, service: Service, update: Callable[[str, list[str]], Result]
) -> None:
    """The writer locks two orders against the order of ids, and PostgreSQL stops the import."""
    results: list[Result] = []
    with psycopg.connect(service.database_url) as writer:
        writer.execute("SET deadlock_timeout = '1h'")  # so it is never the one that is stopped
        writer.execute("SELECT FROM orders WHERE number = 'X9' FOR UPDATE")
        rows = [row(1, paid="2026-01-03"), row(9, paid="2026-01-03")]
        thread = threading.Thread(target=lambda: results.append(update("two.csv", rows)))
        thread.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        assert eventually(lambda: world.conn.execute(waits).fetchone() == (1,))
        writer.execute("UPDATE orders SET shipped_at = '2026-01-04' WHERE number = 'X1'")
        writer.commit()
        thread.join()
    assert [result.outcome.updates and result.outcome.updates.changed for result in results] == [2]
    (row_1,) = world.conn.execute(
        "SELECT paid_at IS NOT NULL, shipped_at IS NOT NULL FROM orders WHERE tenant_id = %s AND number = 'X1'",
        [tenant],
    ).fetchall()
    assert row_1 == (True, True)
