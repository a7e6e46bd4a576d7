"""The demo: its past is plausible and created once, and its customers make real changes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask import Flask

from webapp.demo import company
from webapp.demo.customer import ACTIONS, Customer
from webapp.demo.seed import catch_up, seed
from webapp.rollups import refresh

from ..conftest import SECRET
from ..support.world import Service, World

# A Wednesday, 12:00 in Berlin.
NOON = datetime(2026, 11, 18, 11, tzinfo=UTC)


def _figure(conn: psycopg.Connection, statement: str) -> int:
    row = conn.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def test_the_past_is_created_once(service: Service, world: World) -> None:
    assert seed(service.database_url, NOON, weeks=1)
    made = _figure(world.conn, "SELECT count(*) FROM orders")
    assert made > 1000
    assert not seed(service.database_url, NOON, weeks=1)
    assert _figure(world.conn, "SELECT count(*) FROM orders") == made


def test_no_demo_is_created_beside_another_tenant(service: Service, world: World) -> None:
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
    assert NOON.timestamp() - 900 < _figure(conn, latest) <= NOON.timestamp(), "up to now, not later"
    assert _figure(conn, "SELECT count(*) FROM notifications") == 0, "past orders notify no users"
    lines = "SELECT tenant_id, order_id AS id, sum(total_minor) AS sum FROM order_lines GROUP BY 1, 2"
    by_lines = f"SELECT count(*) FROM orders LEFT JOIN ({lines}) AS l USING (tenant_id, id) WHERE total_minor = sum"
    assert _figure(conn, by_lines) == everything
    refresh.refresh(service.database_url)
    assert _figure(conn, "SELECT count(DISTINCT day) FROM rollups_daily") == 43, "six weeks and today"


def test_the_first_order_of_the_customers_has_the_next_number(app: Flask, service: Service, world: World) -> None:
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
    for _ in range(company.LEFT_PLACED + 1):
        world.order(tenant, source="demo")
    world.order(tenant, source="demo", paid_at=now)
    world.order(tenant, source="demo", paid_at=now, shipped_at=now)
    before = _figure(world.conn, "SELECT count(*) FROM order_events")
    with app.app_context():
        customer = Customer(tenant, random.Random(7))
        # Five, for both ways of paying; the orders to cancel may run out.
        done = [customer.act(action) for _ in range(5)]
    assert not done[0].startswith("nothing"), done
    assert _figure(world.conn, "SELECT count(*) FROM order_events") > before


def test_the_process_survives_lost_connections_and_ends_on_sigterm(service: Service, world: World) -> None:
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
        output = customer.communicate(timeout=30)[0].decode()
    assert customer.returncode == 0, output
    assert "Traceback" not in output
    writers = world.conn.execute("SELECT DISTINCT via FROM order_events").fetchall()
    assert writers == [("demo customer",)]


def _wait_for_events(world: World, count: int) -> None:
    deadline = time.monotonic() + 40
    while _figure(world.conn, "SELECT count(*) FROM order_events") < count:
        assert time.monotonic() < deadline, "the customer made no change"
        time.sleep(0.1)


def test_the_customers_keep_a_few_placed_orders_and_never_touch_other_orders(
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


def test_the_customers_find_something_to_change_when_no_order_can_be_paid(
    app: Flask, service: Service, world: World
) -> None:
    seed(service.database_url, datetime.now(UTC), weeks=1)
    tenant = _figure(world.conn, "SELECT id FROM tenants")
    with app.app_context():
        customer = Customer(tenant, random.Random(5))
        while customer.act("pay") != "nothing to pay":
            pass
        done: list[str] = []
        while len(done) < 200:
            # Orders placed since are paid at once, as in a night without new orders.
            customer.act("pay")
            done.append(customer.act())
    assert not [what for what in done if what.startswith("nothing")]
    assert any(what.startswith("adjusted") for what in done)


REVENUE = "SELECT coalesce(sum(total_minor - refunded_minor), 0) FROM orders WHERE paid_at >= {} AND paid_at < {}"


def _zone_where_it_is(hour: int, now: datetime) -> str:
    """A time zone in which this hour of a day has begun. Etc/GMT-2 is east of Greenwich."""
    east = (hour - now.hour + 11) % 24 - 11
    return f"Etc/GMT{-east:+d}"


@pytest.mark.parametrize("hour", [3, 6, 15, 23])
def test_a_quarter_of_an_hour_of_the_customers_hardly_changes_the_totals_of_the_day(
    app: Flask, service: Service, world: World, hour: int
) -> None:
    now = datetime.now(UTC)
    timezone = _zone_where_it_is(hour, now)
    assert now.astimezone(ZoneInfo(timezone)).hour == hour
    seed(service.database_url, now, weeks=2, timezone=timezone)
    tenant = _figure(world.conn, "SELECT id FROM tenants")
    count, revenue = "SELECT count(*) FROM orders", REVENUE.format("'2000-01-01'", "'2100-01-01'")
    a_day = _figure(world.conn, revenue) / 15
    before = _figure(world.conn, count), _figure(world.conn, revenue)
    with app.app_context():
        customer = Customer(tenant, random.Random(11), ZoneInfo(timezone))
        # One per 1.5 s.
        done = [customer.act() for _ in range(600)]
    assert sum(what.startswith("nothing") for what in done) < 30, "a change every second or two"
    assert _figure(world.conn, count) - before[0] <= 20, "17 are placed in an hour of the seeded past"
    assert abs(_figure(world.conn, revenue) - before[1]) < 0.08 * a_day
    assert {what.split()[0] for what in done} >= {"adjusted", "reassigned"}


def test_the_daily_number_of_orders_equals_that_of_the_past() -> None:
    monday = datetime(2026, 11, 16)
    week = sum(company.orders_per_second(monday + timedelta(hours=hour)) * 3600 for hour in range(24 * 7))
    assert week / 7 == pytest.approx(company.ORDERS_PER_DAY * sum(company.BY_WEEKDAY) / 7)


def test_two_missed_days_are_filled_at_the_next_start(service: Service, world: World) -> None:
    conn = world.conn
    seed(service.database_url, NOON - timedelta(days=2), weeks=1)
    mine = world.order(_figure(conn, "SELECT id FROM tenants"), source="form", placed_at="2026-11-16 09:00+00")
    started = time.monotonic()
    missed = catch_up(service.database_url, NOON)
    assert time.monotonic() - started < 10
    assert 1.5 * company.ORDERS_PER_DAY < missed < 3 * company.ORDERS_PER_DAY
    for day in ("2026-11-16", "2026-11-17"):
        whole = REVENUE.format(f"'{day} 00:00+01'", f"'{day} 24:00+01'")
        assert 15_000_00 < _figure(conn, whole) < 40_000_00, day
    hours = "SELECT count(DISTINCT date_trunc('hour', paid_at)) FROM orders WHERE paid_at >= '2026-11-18 06:00+00'"
    assert _figure(conn, hours) >= 5, "today has every hour up to now"
    assert (
        _figure(conn, "SELECT count(*) FROM orders WHERE source = 'demo' AND status = 'placed'") >= company.LEFT_PLACED
    )
    old = "SELECT count(*) FROM orders WHERE source = 'demo' AND status = 'placed' AND placed_at < '2026-11-17'"
    assert _figure(conn, old) == 0
    latest = "SELECT extract(epoch FROM max(greatest(placed_at, paid_at, shipped_at, cancelled_at))) FROM orders"
    assert _figure(conn, latest) <= NOON.timestamp()
    assert _figure(conn, "SELECT count(*) - count(DISTINCT number) FROM orders") == 0
    assert _figure(conn, "SELECT count(*) FROM notifications") == 0
    assert conn.execute("SELECT status FROM orders WHERE id = %s", [mine]).fetchone() == ("placed",)
    assert catch_up(service.database_url, NOON) == 0


def test_nothing_is_filled_without_a_demo_or_without_missed_time(service: Service, world: World) -> None:
    world.tenant()
    assert catch_up(service.database_url, NOON) == 0
    world.conn.execute("TRUNCATE tenants CASCADE")
    seed(service.database_url, NOON, weeks=1)
    assert catch_up(service.database_url, NOON + timedelta(minutes=5)) == 0


def test_the_newest_orders_of_the_past_wait_for_a_payment(service: Service, world: World) -> None:
    assert seed(service.database_url, NOON, weeks=1)
    newest = "SELECT status FROM orders ORDER BY placed_at DESC, id DESC LIMIT 5"
    assert world.conn.execute(newest).fetchall() == [("placed",)] * company.LEFT_PLACED
