"""The rollups equal a plain count over the orders, whatever happened to them, and a second run changes nothing."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from flask import Flask

from webapp import rollups

from .world import Service, World

# The definitions, written down a second time and as simply as they go: one row an owner, hour and kind of thing.
PLAIN = """
WITH counted AS (
    SELECT o.tenant_id, o.placed_at AS at, o.owner_id, 1 AS orders, 0 AS paid, 0 AS revenue
    FROM orders o WHERE o.cancelled_at IS NULL
    UNION ALL
    SELECT o.tenant_id, o.paid_at, o.owner_id, 0, 1, o.total_minor FROM orders o WHERE o.paid_at IS NOT NULL
    UNION ALL
    SELECT o.tenant_id, e.occurred_at, o.owner_id, 0, 0, -e.amount_minor
    FROM order_events e JOIN orders o ON o.id = e.order_id WHERE e.type = 'refunded'
)
SELECT c.tenant_id, date_trunc('{unit}', c.at AT TIME ZONE t.timezone), coalesce(c.owner_id, 0),
       sum(orders)::bigint, sum(paid)::bigint, sum(revenue)::bigint
FROM counted c JOIN tenants t ON t.id = c.tenant_id
GROUP BY 1, 2, 3 HAVING sum(orders) <> 0 OR sum(paid) <> 0 OR sum(revenue) <> 0 ORDER BY 1, 2, 3
"""
FIGURES = "owner_id, orders, paid_orders, revenue_minor"
HOURLY = f"SELECT tenant_id, hour, {FIGURES} FROM rollups_hourly ORDER BY 1, 2, 3"
DAILY = f"SELECT tenant_id, day::timestamp, {FIGURES} FROM rollups_daily ORDER BY 1, 2, 3"


def assert_they_equal_a_plain_count(conn: psycopg.Connection) -> None:
    assert conn.execute(HOURLY).fetchall() == conn.execute(PLAIN.format(unit="hour")).fetchall()
    assert conn.execute(DAILY).fetchall() == conn.execute(PLAIN.format(unit="day")).fetchall()


def days(conn: psycopg.Connection) -> list[tuple[str, int, int, int]]:
    """Day, orders, paid orders, revenue; all owners together."""
    return conn.execute(
        "SELECT day::text, sum(orders)::int, sum(paid_orders)::int, sum(revenue_minor)::int"
        " FROM rollups_daily GROUP BY 1 ORDER BY 1"
    ).fetchall()


def test_the_first_run_counts_everything_there_is(service: Service, world: World) -> None:
    tenant = world.tenant()
    world.order(tenant, 500, placed_at="1996-07-04 10:00+02", paid_at="1996-07-05 10:00+02")
    assert rollups.refresh(service.database_url) == {tenant}
    assert days(world.conn) == [("1996-07-04", 1, 0, 0), ("1996-07-05", 0, 1, 500)]
    assert_they_equal_a_plain_count(world.conn)


def test_a_second_run_changes_nothing_and_says_so(service: Service, world: World) -> None:
    tenant = world.tenant()
    order = world.order(tenant)
    rollups.refresh(service.database_url)
    world.change(order, paid_at="2026-01-02 10:00+00")
    assert rollups.refresh(service.database_url) == {tenant}
    versions = world.conn.execute("SELECT xmin::text, ctid::text FROM rollups_hourly ORDER BY 1, 2").fetchall()
    assert rollups.refresh(service.database_url) == set()
    world.change(order, shipped_at="2026-01-03 10:00+00", customer="Hanari Carnes")
    assert rollups.refresh(service.database_url) == set(), "nothing that is counted changed"
    assert world.conn.execute("SELECT xmin::text, ctid::text FROM rollups_hourly ORDER BY 1, 2").fetchall() == versions


@pytest.mark.parametrize(
    ("change", "figures"),
    [
        ({"placed_at": "2026-03-05 12:00+00"}, [("2026-03-02", 0, 1, 1000), ("2026-03-05", 1, 0, 0)]),
        ({"paid_at": "2026-03-05 12:00+00"}, [("2026-03-01", 1, 0, 0), ("2026-03-05", 0, 1, 1000)]),
        ({"paid_at": None}, [("2026-03-01", 1, 0, 0)]),
        ({"total_minor": 700}, [("2026-03-01", 1, 0, 0), ("2026-03-02", 0, 1, 700)]),
        ({"cancelled_at": "2026-03-05 12:00+00"}, [("2026-03-02", 0, 1, 1000)]),
    ],
)
def test_a_correction_moves_the_figures_from_the_old_day_to_the_new(
    service: Service, world: World, change: dict[str, object], figures: list[tuple[str, int, int, int]]
) -> None:
    order = world.order(world.tenant(), placed_at="2026-03-01 12:00+00", paid_at="2026-03-02 12:00+00")
    rollups.refresh(service.database_url)
    world.change(order, **change)
    rollups.refresh(service.database_url)
    assert days(world.conn) == figures
    assert_they_equal_a_plain_count(world.conn)


def test_a_reassigned_order_takes_its_revenue_and_its_refunds_along(service: Service, world: World) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    order = world.order(tenant, placed_at="2026-03-01 12:00+00", paid_at="2026-03-02 12:00+00", owner_id=ana)
    world.change(order, refunded_minor=300)
    rollups.refresh(service.database_url)
    world.change(order, owner_id=ben)
    rollups.refresh(service.database_url)
    owners = world.conn.execute("SELECT owner_id, sum(revenue_minor) FROM rollups_daily GROUP BY 1").fetchall()
    assert owners == [(ben, 700)]
    assert_they_equal_a_plain_count(world.conn)


@pytest.mark.parametrize("statement", ["DELETE FROM orders", "TRUNCATE orders CASCADE"])
def test_a_deleted_order_leaves_every_day_it_counted_in(service: Service, world: World, statement: str) -> None:
    order = world.order(world.tenant(), placed_at="2026-03-01 12:00+00", paid_at="2026-03-02 12:00+00")
    world.change(order, refunded_minor=300)
    rollups.refresh(service.database_url)
    assert len(days(world.conn)) == 3, "placed, paid and refunded on three days"
    world.conn.execute(statement)
    rollups.refresh(service.database_url)
    assert days(world.conn) == []


def test_days_and_hours_are_those_of_the_tenant_over_a_change_of_its_clock(service: Service, world: World) -> None:
    tenant = world.tenant(timezone="Europe/Berlin")
    far = world.tenant("far", timezone="Pacific/Auckland")
    start = datetime(2026, 10, 24, 20, tzinfo=UTC)  # 25 October has 25 hours in Berlin: 02:00 to 03:00 comes twice
    for quarter in range(4 * 32):
        moment = (start + timedelta(minutes=15 * quarter)).isoformat()
        world.order(tenant, placed_at=moment, paid_at=moment)
        world.order(far, placed_at=moment)
    world.order(tenant, placed_at="2026-03-29 00:59:59+00", paid_at="2026-03-29 01:00+00")  # 01:59:59, then 03:00
    rollups.refresh(service.database_url)
    assert_they_equal_a_plain_count(world.conn)
    row = world.conn.execute("SELECT orders FROM rollups_hourly WHERE hour = '2026-10-25 02:00'").fetchone()
    assert row == (8,), "the repeated hour is one row of two hours"
    assert ("2026-10-25", 100, 100, 100_000) in world.conn.execute(
        "SELECT day::text, orders, paid_orders, revenue_minor FROM rollups_daily WHERE tenant_id = %s", [tenant]
    ).fetchall()


def test_a_transaction_that_commits_late_is_counted_and_holds_up_nobody(service: Service, world: World) -> None:
    tenant = world.tenant()
    rollups.refresh(service.database_url)
    with psycopg.connect(service.database_url) as slow:
        slow.execute(
            "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (%s, 'slow', 'S', 'EUR', 1)",
            [tenant],
        )
        world.order(tenant)
        assert rollups.refresh(service.database_url) == {tenant}
        assert sum(row[1] for row in days(world.conn)) == 1
    assert rollups.refresh(service.database_url) == {tenant}
    assert sum(row[1] for row in days(world.conn)) == 2


def test_a_cursor_of_another_cluster_means_counting_everything_anew(service: Service, world: World) -> None:
    tenant = world.tenant()
    world.order(tenant)
    rollups.refresh(service.database_url)
    world.conn.execute("UPDATE readers SET system_identifier = 1 WHERE name = 'rollups'")
    world.conn.execute("DELETE FROM rollups_hourly; UPDATE rollups_daily SET orders = 99")
    rollups.refresh(service.database_url)
    assert_they_equal_a_plain_count(world.conn)


def test_a_rebuild_follows_a_tenant_to_another_time_zone(service: Service, world: World) -> None:
    tenant = world.tenant(timezone="Europe/Berlin")
    world.order(tenant, placed_at="2026-03-01 23:30+00", paid_at="2026-03-01 23:30+00")
    rollups.refresh(service.database_url)
    world.conn.execute("UPDATE tenants SET timezone = 'Asia/Kolkata'")
    assert rollups.rebuild(service.database_url) == {tenant}
    assert_they_equal_a_plain_count(world.conn)


def test_the_command_rebuilds_and_says_for_how_many(app: Flask, world: World) -> None:
    world.order(world.tenant(), placed_at="2026-03-01 23:30+00")
    result = app.test_cli_runner().invoke(args=["rollups", "rebuild"])
    assert result.output == "Counted anew: 1 tenant.\n"
    assert_they_equal_a_plain_count(world.conn)


def test_the_earliest_and_the_latest_times_that_an_order_can_have_are_counted(service: Service, world: World) -> None:
    tenant = world.tenant()
    at = ("1900-01-02 12:00+00", "2026-03-01 12:00+00", "8999-12-30 12:00+00")
    for placed_at in at:
        world.order(tenant, placed_at=placed_at)
    rollups.refresh(service.database_url)
    assert days(world.conn) == [(moment[:10], 1, 0, 0) for moment in at]


def test_a_deleted_tenant_takes_its_rollups_along_and_stops_nobody(service: Service, world: World) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    world.order(first), world.order(second)
    rollups.refresh(service.database_url)
    world.conn.execute("DELETE FROM tenants WHERE id = %s", [first])
    world.order(second)
    assert rollups.refresh(service.database_url) == {second}
    assert_they_equal_a_plain_count(world.conn)


def test_two_runs_at_once_and_writers_meanwhile_end_in_the_right_figures(service: Service, world: World) -> None:
    tenant = world.tenant()
    faults: list[Exception] = []
    done = threading.Event()

    def keep_counting() -> None:
        while not done.is_set():
            try:
                rollups.refresh(service.database_url)
            except Exception as fault:
                faults.append(fault)

    counters = [threading.Thread(target=keep_counting) for _ in range(3)]
    for counter in counters:
        counter.start()
    for _ in range(60):
        order = world.order(tenant, paid_at="2026-03-02 12:00+00")
        world.change(order, refunded_minor=10, placed_at="2026-03-01 12:00+00")
    done.set()
    for counter in counters:
        counter.join()
    assert faults == []
    rollups.refresh(service.database_url)
    assert_they_equal_a_plain_count(world.conn)


def _moment(dice: random.Random) -> str:
    """Around both changes of Berlin's clock in 2026, so that hours are shared, skipped and repeated."""
    middle = dice.choice([datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)])
    return (middle + timedelta(minutes=dice.randint(-2000, 2000))).isoformat()


def _change_something(world: World, tenants: dict[int, list[int | None]], dice: random.Random) -> None:
    tenant = dice.choice(list(tenants))
    owner = dice.choice(tenants[tenant])
    found = world.conn.execute(
        "SELECT id FROM orders WHERE tenant_id = %s ORDER BY random() LIMIT 1", [tenant]
    ).fetchone()
    kind = dice.choice(["place", "place", "pay", "pay", "refund", "cancel", "edit", "reassign", "delete"])
    if kind == "place" or found is None:
        world.order(tenant, dice.randint(1, 900), placed_at=_moment(dice), owner_id=owner)
    elif kind == "pay":
        world.change(found[0], paid_at=_moment(dice))
    elif kind == "refund":
        world.conn.execute(
            "UPDATE orders SET refunded_minor = total_minor / 2 WHERE id = %s AND paid_at IS NOT NULL", found
        )
    elif kind == "cancel":
        world.change(found[0], cancelled_at=dice.choice([None, _moment(dice)]))
    elif kind == "edit":
        world.change(found[0], placed_at=_moment(dice), total_minor=dice.randint(900, 2000))
    elif kind == "reassign":
        world.change(found[0], owner_id=owner)
    else:
        world.conn.execute("DELETE FROM orders WHERE id = %s", found)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_orders_incremental_equals_plain_and_equals_a_rebuild(
    service: Service, world: World, seed: int
) -> None:
    dice = random.Random(seed)
    tenants: dict[int, list[int | None]] = {}
    for slug, zone in (("berlin", "Europe/Berlin"), ("kolkata", "Asia/Kolkata"), ("howe", "Australia/Lord_Howe")):
        tenant = world.tenant(slug, timezone=zone)
        tenants[tenant] = [None, world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")]
    for _ in range(12):
        for _ in range(dice.randint(0, 25)):
            _change_something(world, tenants, dice)
        rollups.refresh(service.database_url)
        assert_they_equal_a_plain_count(world.conn)
    incremental = world.conn.execute(HOURLY).fetchall(), world.conn.execute(DAILY).fetchall()
    assert incremental[0], "the orders left something to count"
    rollups.rebuild(service.database_url)
    assert (world.conn.execute(HOURLY).fetchall(), world.conn.execute(DAILY).fetchall()) == incremental
