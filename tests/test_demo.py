"""The demo: its past is made once and plausible, its customers make real changes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from flask import Flask

from webapp import rollups
from webapp.demo import company
from webapp.demo.customer import ACTIONS, LEFT_PLACED, Customer
from webapp.demo.seed import seed

from .conftest import SECRET
from .world import Service, World

NOON = datetime(2026, 11, 18, 11, tzinfo=UTC)  # a Wednesday, 12:00 in Berlin


def _figure(conn: psycopg.Connection, statement: str) -> int:
    row = conn.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def test_the_past_is_made_once(service: Service, world: World) -> None:
    assert seed(service.database_url, NOON, weeks=1)
    made = _figure(world.conn, "SELECT count(*) FROM orders")
    assert made > 1000
    assert not seed(service.database_url, NOON, weeks=1)
    assert _figure(world.conn, "SELECT count(*) FROM orders") == made


def test_no_demo_is_put_where_a_company_is(service: Service, world: World) -> None:
    world.tenant()
    assert not seed(service.database_url, NOON, weeks=1)
    assert _figure(world.conn, "SELECT count(*) FROM tenants") == 1


def test_the_past_is_plausible(service: Service, world: World) -> None:
    started = time.monotonic()
    assert seed(service.database_url, NOON)
    assert time.monotonic() - started < 30
    conn = world.conn
    everything = _figure(conn, "SELECT count(*) FROM orders")
    assert _figure(conn, "SELECT count(*) FROM orders WHERE paid_at IS NOT NULL") > 0.9 * everything
    assert 0 < _figure(conn, "SELECT count(*) FROM orders WHERE refunded_minor > 0") < 0.1 * everything
    assert 0 < _figure(conn, "SELECT count(*) FROM orders WHERE status = 'cancelled'") < 0.1 * everything
    assert _figure(conn, "SELECT count(DISTINCT owner_id) FROM orders") == len(company.SALESPEOPLE)
    latest = "SELECT extract(epoch FROM max(greatest(placed_at, paid_at, shipped_at, cancelled_at))) FROM orders"
    assert NOON.timestamp() - 900 < _figure(conn, latest) <= NOON.timestamp(), "up to now and not beyond"
    assert _figure(conn, "SELECT count(*) FROM notifications") == 0, "history is no news"
    lines = "SELECT tenant_id, order_id AS id, sum(total_minor) AS sum FROM order_lines GROUP BY 1, 2"
    by_lines = f"SELECT count(*) FROM orders LEFT JOIN ({lines}) AS l USING (tenant_id, id) WHERE total_minor = sum"
    assert _figure(conn, by_lines) == everything
    rollups.refresh(service.database_url)
    assert _figure(conn, "SELECT count(DISTINCT day) FROM rollups_daily") == 43, "six weeks and today"


def test_the_first_order_of_the_customers_takes_the_next_number(app: Flask, service: Service, world: World) -> None:
    seed(service.database_url, NOON, weeks=1)
    newest = _figure(world.conn, "SELECT max(number::int) FROM orders")
    tenant = _figure(world.conn, "SELECT id FROM tenants")
    with app.app_context():
        assert Customer(tenant, random.Random(1)).act("place") == f"placed {newest + 1}"


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_makes_a_change(app: Flask, service: Service, world: World, action: str) -> None:
    seed(service.database_url, datetime.now(UTC), weeks=1)
    tenant = _figure(world.conn, "SELECT id FROM tenants")
    now = str(datetime.now(UTC))
    for _ in range(LEFT_PLACED + 1):
        world.order(tenant, source="demo")
    world.order(tenant, source="demo", paid_at=now)
    world.order(tenant, source="demo", paid_at=now, shipped_at=now)
    before = _figure(world.conn, "SELECT count(*) FROM order_events")
    with app.app_context():
        customer = Customer(tenant, random.Random(7))
        done = [customer.act(action) for _ in range(5)]  # both ways of paying; what there is to cancel may run out
    assert not done[0].startswith("nothing"), done
    assert _figure(world.conn, "SELECT count(*) FROM order_events") > before


def test_the_process_names_itself_outlives_lost_connections_and_ends_on_sigterm(service: Service, world: World) -> None:
    seed(service.database_url, datetime.now(UTC) - timedelta(minutes=1), weeks=1)
    before = _figure(world.conn, "SELECT count(*) FROM order_events")
    environment = {"DATABASE_URL": service.database_url, "REDIS_URL": service.redis_url, "SECRET_KEY": SECRET}
    command = [sys.executable, "-m", "webapp.demo.customer"]
    customer = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        _wait_for_events(world, before + 1)
        world.conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'demo customer'"
        )
        _wait_for_events(world, _figure(world.conn, "SELECT count(*) FROM order_events") + 2)
    finally:
        customer.send_signal(signal.SIGTERM)
        output = customer.communicate(timeout=5)[0].decode()
    assert customer.returncode == 0, output
    assert "Traceback" not in output
    writers = world.conn.execute("SELECT DISTINCT via FROM order_events").fetchall()
    assert writers == [("demo customer",)]


def _wait_for_events(world: World, count: int) -> None:
    deadline = time.monotonic() + 40
    while _figure(world.conn, "SELECT count(*) FROM order_events") < count:
        assert time.monotonic() < deadline, "the customer made no change"
        time.sleep(0.1)


def test_the_customers_leave_a_few_placed_orders_and_all_of_a_person_alone(
    app: Flask, service: Service, world: World
) -> None:
    seed(service.database_url, datetime.now(UTC), weeks=1)
    tenant = _figure(world.conn, "SELECT id FROM tenants")
    mine = world.order(tenant, source="form")
    with app.app_context():
        customer = Customer(tenant, random.Random(3))
        for action in ["pay"] * 40 + ["cancel"] * 5 + ["place", "pay"] * 10:
            customer.act(action)
    assert _figure(world.conn, "SELECT count(*) FROM orders WHERE status = 'placed' AND source = 'demo'") >= 5
    assert world.conn.execute("SELECT status FROM orders WHERE id = %s", [mine]).fetchone() == ("placed",)
