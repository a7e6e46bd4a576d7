"""`flask orders reconcile`: beside writers, in chunks, with rollups, inboxes and the doctor."""

from __future__ import annotations

import json
import random
import threading
from itertools import pairwise

import psycopg
import pytest
from flask import Flask

from webapp.reconciliation import chunks, repair
from webapp.rollups import refresh

from ..support.doctor import examined
from ..support.rings import rings
from ..support.triggers import triggers_off
from ..support.world import Service, World


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


def flask(app: Flask, *args: str) -> str:
    result = app.test_cli_runner().invoke(args=["orders", "reconcile", *args])
    assert result.exit_code == 0, result.output
    return str(result.output)


def count(world: World, statement: str) -> int:
    row = world.conn.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def place(world: World, tenant: int, orders: int) -> None:
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, paid_at)"
        " SELECT %s, 'N' || n || '-' || txid_current(), 'x', 'EUR', 1000, now() FROM generate_series(1, %s) AS n",
        [tenant, orders],
    )


def test_a_dry_run_shows_the_events_and_writes_none(app: Flask, world: World, tenant: int) -> None:
    other = world.tenant("other")
    with triggers_off(world.conn):
        world.order(tenant, 1000, number="A1", paid_at=world.now())
        world.order(other, 500, number="B1")
    shown = flask(app, "--dry-run")
    for line in (
        "tenant  number  missing event  amount  currency",
        "acme    A1      placed         10.00   EUR",
        "acme    A1      paid           10.00   EUR",
        "other   B1      placed         5.00    EUR",
        "  placed      2",
        "  paid        1",
        "2 orders with missing events. Dry run: nothing was written.",
    ):
        assert line in shown, shown
    assert world.events() == []
    assert "1 order repaired" in flask(app, "--tenant", "other")
    assert [event["tenant_id"] for event in world.events()] == [other]
    assert "1 order repaired" in flask(app)
    assert "The events explain every order." in flask(app)


def test_an_unknown_tenant_is_named(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["orders", "reconcile", "--tenant", "none"])
    assert (result.exit_code, "There is no tenant 'none'" in result.output + result.stderr) == (2, True)


def test_the_rollups_follow_and_the_inboxes_stay(app: Flask, service: Service, world: World, tenant: int) -> None:
    ben = world.user(tenant, "Ben Okafor")
    gone = world.order(tenant, 700, paid_at=world.now())
    refresh.refresh(service.database_url)
    with triggers_off(world.conn):
        world.order(tenant, 1000, owner_id=ben, paid_at=world.now(), shipped_at=world.now())
        world.conn.execute("DELETE FROM orders WHERE id = %s", [gone])
    flask(app)
    refresh.refresh(service.database_url)
    sums = world.conn.execute("SELECT owner_id, orders, revenue_minor FROM rollups_daily").fetchall()
    assert sums == [(ben, 1, 1000)]
    assert count(world, "SELECT count(*) FROM notifications") == 0
    world.order(tenant, 1000, owner_id=ben, paid_at=world.now())  # guard: a payment notifies
    assert count(world, "SELECT count(*) FROM notifications") == 1


def test_written_events_ring_once_per_transaction(app: Flask, service: Service, world: World, tenant: int) -> None:
    with triggers_off(world.conn):
        place(world, tenant, 3)
    with rings(service) as received:
        flask(app)
    assert [json.loads(payload)["tenant_id"] for payload in received] == [tenant]


@pytest.mark.parametrize(("orders", "events"), [(3, 1000), (1000, 5), (1, 1), (1000, 1000)])
def test_chunks_cover_every_order_and_every_deleted_one(
    world: World, tenant: int, orders: int, events: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MAX_ORDERS", orders)
    monkeypatch.setattr(chunks, "MAX_EVENTS", events)
    monkeypatch.setattr(repair, "BATCH_ORDERS", 2)
    other = world.tenant("other")
    with triggers_off(world.conn):
        place(world, tenant, 4)
    place(world, other, 3)
    place(world, tenant, 4)
    with triggers_off(world.conn):
        world.conn.execute("DELETE FROM orders WHERE id % 2 = 0")
    ranges = [(chunk.low, chunk.high) for chunk in chunks.newest_first(world.conn, tenant)]
    assert ranges[0][1] == 12
    assert ranges[-1][0] <= 1
    assert all(later[1] == earlier[0] for earlier, later in pairwise(ranges))
    found = {(missing.order_id, missing.type) for batch in repair.reconcile(world.conn, tenant) for missing in batch}
    missing = {(order, kind) for order in (1, 3) for kind in ("placed", "paid")}
    assert found == missing | {(8, "deleted"), (10, "deleted")}
    assert list(filter(None, repair.reconcile(world.conn, tenant))) == []


# Orders whose events add up to another refund than theirs.
OTHER_REFUNDS = """
SELECT count(*) FROM (
    SELECT o.id FROM orders o LEFT JOIN order_events e ON e.order_id = o.id AND e.type = 'refunded'
    GROUP BY o.id HAVING coalesce(sum(e.amount_minor), 0) <> o.refunded_minor) AS other
"""
WRITTEN_TWICE = """
SELECT count(*) FROM (
    SELECT order_id FROM order_events WHERE type IN ('placed', 'paid', 'cancelled')
    GROUP BY order_id, type HAVING count(*) > 1) AS twice
"""


def test_two_runs_beside_writers_write_each_event_once(service: Service, world: World, tenant: int) -> None:
    """Writers with and without triggers change orders all the time. In the end the events explain every order."""
    place(world, tenant, 200)
    stop, faults = threading.Event(), list[BaseException]()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(service.database_url, autocommit=True) as conn:
            if seed % 2:
                conn.execute("SET session_replication_role = replica")
            while not stop.is_set():
                order = chance.randint(1, 200)
                change = chance.choice(
                    ["total_minor = total_minor + 1", "refunded_minor = refunded_minor + 1",
                     "shipped_at = CASE WHEN shipped_at IS NULL THEN now() END", "cancelled_at = now()"]
                )  # fmt: skip
                conn.execute(f"UPDATE orders SET {change} WHERE id = %s AND refunded_minor < 900", [order])

    def run(runs: int) -> None:
        try:
            with psycopg.connect(service.database_url, autocommit=True) as conn:
                for _ in range(runs):
                    list(repair.reconcile(conn, tenant))
        except BaseException as error:
            faults.append(error)

    writers = [threading.Thread(target=write, args=[seed]) for seed in range(4)]
    runs = [threading.Thread(target=run, args=[6]) for _ in range(2)]
    for thread in (*writers, *runs):
        thread.start()
    for thread in runs:
        thread.join()
    stop.set()
    for thread in writers:
        thread.join()
    assert faults == []
    run(1)
    assert list(filter(None, repair.find(world.conn, tenant))) == []
    assert count(world, OTHER_REFUNDS) == 0
    assert count(world, WRITTEN_TWICE) == 0


def test_the_doctor_names_orders_that_their_events_do_not_explain(
    app: Flask, service: Service, world: World, tenant: int
) -> None:
    order = world.order(tenant, number="A1")
    examined(service).says("orders", "ok", "the events explain every order")
    with triggers_off(world.conn):
        world.change(order, paid_at=world.now(), shipped_at=world.now())
        world.order(tenant, number="A2")
        world.conn.execute("DELETE FROM orders WHERE number = 'none'")
    examined(service).says(
        "orders", "FAULT", "2 orders that their events do not explain: A1 (paid, shipped), A2 (placed)",
        "flask orders reconcile",
    )  # fmt: skip
    flask(app)
    examined(service).says("orders", "ok", "the events explain every order")


def test_the_doctor_compares_the_newest_orders_when_its_time_is_short(
    service: Service, world: World, tenant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.doctor import orders

    monkeypatch.setattr(chunks, "MAX_ORDERS", 10)
    monkeypatch.setattr(orders, "MAX_SECONDS", 0.0)
    place(world, tenant, 30)
    examined(service).says("orders", "ok", "the events explain the newest 0 orders")
