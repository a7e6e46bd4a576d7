"""Two concurrent imports into one tenant: one waits for the other, and both finish."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psycopg

from webapp.order_import.pipeline import Import, ImportOptions, Result
from webapp.order_import.placement import IMPORT_LOCK

from ..support.imports import HEADER, Importer
from ..support.wait import eventually
from ..support.world import Service, World

ORDERS = 8_000


def rows(numbers: range, days: range) -> str:
    """Orders with these numbers, on dates in the order of `days`, which is the order of placing."""
    dates = [f"2026-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}" for day in days]
    return "\n".join([HEADER, *(f"X{n},C,{dates[n * len(dates) // ORDERS]},12.50" for n in numbers), ""])


def test_imports_of_the_same_numbers_in_opposite_orders_do_not_deadlock(
    service: Service, world: World, tmp_path: Path
) -> None:
    world.tenant("acme")
    results: dict[str, Result] = {}
    faults: list[BaseException] = []

    def run(name: str, text: str) -> None:
        path = tmp_path / name
        path.write_text(text)
        try:
            with psycopg.connect(service.database_url, autocommit=True) as conn:
                results[name] = Import(conn, ImportOptions(path, "acme")).run()
        except Exception as error:
            faults.append(error)

    texts = {"one.csv": rows(range(ORDERS), range(300)), "two.csv": rows(range(ORDERS), range(300, 0, -1))}
    threads = [threading.Thread(target=run, args=item) for item in texts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    outcomes = [result.outcome for result in results.values()]
    assert sum(outcome.placed for outcome in outcomes) == ORDERS
    assert sum(outcome.unchanged + outcome.different for outcome in outcomes) == ORDERS


def test_a_waiting_import_calls_back_and_continues_after_the_other(
    importer: Importer, world: World, service: Service
) -> None:
    tenant = importer.tenant()
    importer.write("A1,Toms,2026-01-02,5.00")
    waits = threading.Event()
    done: list[Any] = []

    def run() -> None:
        with psycopg.connect(service.database_url, autocommit=True) as conn:
            done.append(Import(conn, ImportOptions(importer.path, "acme")).run(waiting=waits.set))

    with psycopg.connect(service.database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK + tenant])
        thread = threading.Thread(target=run)
        thread.start()
        assert waits.wait(60)
        assert importer.orders() == []
    thread.join()
    assert done[0].outcome.placed == 1
    assert eventually(lambda: importer.orders("number") == [("A1",)])


def test_imports_of_two_tenants_do_not_wait_for_each_other(importer: Importer, world: World, service: Service) -> None:
    tenant = importer.tenant()
    other = world.tenant("other")
    with psycopg.connect(service.database_url) as conn:
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK + other])
        assert importer.load("A1,Toms,2026-01-02,5.00").exit_code == 0
    assert other != tenant


def test_an_import_without_payment_dates_warns_that_revenue_stays_zero(importer: Importer) -> None:
    importer.tenant()
    assert (
        "revenue    0: revenue counts paid orders, and no column has the time of payment"
        in importer.load("A1,Toms,2026-01-02,5.00").output
    )
    paid = importer.load("A2,Toms,2026-01-02,5.00,2026-01-02", header=f"{HEADER},paid_at")
    assert "revenue" not in paid.output
